"""Ways to send a mail: by SMTP, or into a folder."""

"""Identity: users, web sessions and API tokens.

Tables: identity.users, identity.sessions, identity.tokens.
Events out: identity.user_registered, identity.import_completed. Events in: none.
"""

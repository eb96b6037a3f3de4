"""Reviews: what buyers say of products.

Tables: reviews.reviews.
Events out: reviews.review_posted. Events in: none.
"""

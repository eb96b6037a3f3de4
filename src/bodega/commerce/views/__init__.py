"""Views: read models of orders, customers and stock, kept by handlers and made anew from the log.

Tables: views.orders, views.order_events, views.customers, views.customer_orders,
views.stock. Events out: none. Events in: orders.order_placed, orders.order_paid,
orders.order_allocated, orders.order_shipped, orders.shipment_tracked, orders.order_edited,
orders.order_refunded, orders.return_changed, orders.order_cancelled, payments.payment_refunded,
inventory.stock_changed, inventory.stock_promised, inventory.import_completed.
"""

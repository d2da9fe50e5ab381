curl http://127.0.0.1:8080/v1/checkout/sessions \
  -H "Authorization: Bearer sk_test_demo" \
  -H "Content-Type: application/json" \
  -H "Idempotency-Key: order-1001" \
  -d '{"amount": 5000, "currency": "GHS",
       "success_url": "http://127.0.0.1:8080/demo/orders/order-1001?session_id={CHECKOUT_SESSION_ID}",
       "cancel_url": "http://127.0.0.1:8080/demo/orders/order-1001",
       "metadata": {"order_id": "order-1001", "product": "Stoneware mug"}}'

curl "http://127.0.0.1:8080/v1/checkout/sessions/$SESSION" \
  -H "Authorization: Bearer sk_test_demo"

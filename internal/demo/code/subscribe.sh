curl http://127.0.0.1:8080/v1/webhooks \
  -H "Authorization: Bearer sk_test_demo" \
  -H "Content-Type: application/json" \
  -d '{"url": "http://127.0.0.1:8080/demo/webhook", "events": ["*"]}'

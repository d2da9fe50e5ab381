export async function openSession(order) {
  const page = `http://127.0.0.1:8080/demo/orders/${order.id}`;
  const response = await fetch("http://127.0.0.1:8080/v1/checkout/sessions", {
    method: "POST",
    headers: {
      Authorization: "Bearer sk_test_demo",
      "Content-Type": "application/json",
      "Idempotency-Key": order.id,
    },
    body: JSON.stringify({
      amount: order.amount, // in pesewas: 5000 is GHS 50.00
      currency: "GHS",
      success_url: `${page}?session_id={CHECKOUT_SESSION_ID}`,
      cancel_url: page,
      metadata: { order_id: order.id, product: order.product },
    }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json(); // send the buyer's browser to its url
}

export async function lookUp(sessionId) {
  const get = async (path) => {
    const response = await fetch(`http://127.0.0.1:8080${path}`, {
      headers: { Authorization: "Bearer sk_test_demo" },
    });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };
  const session = await get(`/v1/checkout/sessions/${sessionId}`);
  const payment = session.payment && (await get(`/v1/payments/${session.payment}`));
  return { session, payment }; // ship when session.payment_status is "paid"
}

export async function subscribe() {
  const response = await fetch("http://127.0.0.1:8080/v1/webhooks", {
    method: "POST",
    headers: {
      Authorization: "Bearer sk_test_demo",
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      url: "http://127.0.0.1:8080/demo/webhook",
      events: ["*"],
    }),
  });
  if (!response.ok) throw new Error(await response.text());
  const { secret } = await response.json();
  return secret; // shown this once: keep it
}

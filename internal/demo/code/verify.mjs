import { createHmac, timingSafeEqual } from "node:crypto";

// headers by their names in lower case, body as the raw bytes that came
export function verify(headers, body, secret) {
  const parts = headers["x-paygate-signature"].split(",").map((part) => part.split("="));
  const [, at] = parts.find(([name]) => name === "t");
  const mac = createHmac("sha256", secret).update(`${at}.`).update(body).digest();
  const fits = parts.some(([name, value]) => {
    const given = Buffer.from(value, "hex");
    return name === "v1" && given.length === mac.length && timingSafeEqual(given, mac);
  });
  if (!fits || Math.abs(Date.now() / 1000 - at) > 300) throw new Error("not from Kassa");
  return JSON.parse(body);
}

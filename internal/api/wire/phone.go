package wire

// MaskPhone keeps the first and the last three digits of a number, as events are documented to.
func MaskPhone(phone string) string {
	const shown = 3
	if len(phone) < 3*shown {
		return "****"
	}
	return phone[:shown] + "****" + phone[len(phone)-shown:]
}

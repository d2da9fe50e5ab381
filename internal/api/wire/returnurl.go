package wire

import (
	"errors"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/returnurl"
)

// ReturnURL checks an address that the payer is sent back to. The error names the field.
func ReturnURL(param, raw string, policy returnurl.Policy) error {
	var e *returnurl.Error
	if errors.As(returnurl.Check(raw, policy), &e) {
		return pay.BadParam(param, CodeParameterInvalid, "%s %s.", param, e.Reason)
	}
	return nil
}

package pay

import (
	"errors"
	"strings"

	"github.com/kassa-pay/kassa/internal/returnurl"
)

// checkReturnURLs refuses addresses a buyer must not be sent to. In test mode a merchant without
// registered origins may use any https origin, and the developer's own machine. Our own pages need
// no registration.
func (s *Service) checkReturnURLs(c Caller, ses *Session) error {
	policy := returnurl.Policy{
		AllowLoopbackHTTP: c.Mode == Test,
		AnyOrigin:         c.Mode == Test && len(c.ReturnOrigins) == 0,
		Origins:           c.ReturnOrigins,
	}
	for _, f := range []struct{ param, raw string }{
		{"success_url", ses.SuccessURL}, {"cancel_url", ses.CancelURL},
	} {
		if f.raw == "" || strings.HasPrefix(f.raw, s.base+"/") {
			continue // a page of ours stands in for it, or leads there
		}
		if err := returnurl.Check(f.raw, policy); err != nil {
			return badReturnURL(f.param, err)
		}
	}
	return nil
}

func badReturnURL(param string, err error) error {
	var refused *returnurl.Error
	if !errors.As(err, &refused) {
		return err
	}
	return BadParam(param, "url_invalid", "The %s %s.", param, refused.Reason)
}

// validateOrigins checks origins to register: each must be an https origin, or an app's scheme, and
// nothing more.
func validateOrigins(origins []string) error {
	for _, o := range origins {
		if returnurl.IsApp(o) {
			continue
		}
		canonical, err := returnurl.Origin(o)
		if err != nil {
			return badReturnURL("return_origins", err)
		}
		if !strings.HasPrefix(canonical, "https://") {
			return BadParam("return_origins", "parameter_invalid",
				"The origin must begin with https://; localhost needs no registration in test mode.")
		}
		if canonical != o {
			return BadParam("return_origins", "parameter_invalid",
				"Write the origin as %s: scheme, host and port alone.", canonical)
		}
	}
	return nil
}

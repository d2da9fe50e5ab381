package pay

// SessionState is where a checkout session stands.
type SessionState uint8

// The states of a session. Complete, expired and canceled absorb every signal.
const (
	SessionOpen     SessionState = iota + 1 // the buyer can pay
	SessionPaying                           // one attempt is in flight; it cannot expire now
	SessionComplete                         // the buyer has done their part
	SessionExpired                          // nobody can pay it any more
	SessionCanceled                         // the buyer or the merchant gave it up
)

// SessionSignal is what can happen to a session.
type SessionSignal uint8

// The signals of a session.
const (
	SessionClaim  SessionSignal = iota + 1 // an attempt takes the session
	SessionSettle                          // the attempt succeeded
	SessionFree                            // the attempt ended without money
	SessionExpire                          // the deadline passed, or the merchant closed it
	SessionCancel                          // the buyer or the merchant gave it up
	SessionFail                            // the one attempt of a charge without the buyer failed
)

var sessionTable = map[SessionState]map[SessionSignal]SessionState{
	SessionOpen: {
		SessionClaim:  SessionPaying,
		SessionExpire: SessionExpired,
		SessionCancel: SessionCanceled,
	},
	SessionPaying: {
		SessionSettle: SessionComplete,
		SessionFree:   SessionOpen,
		SessionFail:   SessionComplete,
	},
}

// PaymentState is where one attempt to move money stands.
type PaymentState uint8

// The states of a payment. Paid, late, failed and canceled are final for the buyer; the only ways
// on are truths a rail may still report: the money came after all, or came twice. Underpaid and
// overpaid wait for more money or for the merchant to settle them.
const (
	PaymentCreated    PaymentState = iota + 1 // intent is on disk, the rail may not know it yet
	PaymentAction                             // the payer has to do something (3-D Secure)
	PaymentWaiting                            // the rail works on it
	PaymentAuthorised                         // the money is held, not yet taken
	PaymentPaid                               // the money is ours
	PaymentFailed                             // the rail said no
	PaymentCanceled                           // given up before any money moved
	PaymentReview                             // the rail cannot say; a person must look
	PaymentLate                               // the money came after we had given up
	PaymentUnderpaid                          // a transfer brought less than was asked for
	PaymentOverpaid                           // a transfer brought more than was asked for
)

// PaymentSignal is what can happen to a payment.
type PaymentSignal uint8

// The signals of a payment.
const (
	PaymentAct       PaymentSignal = iota + 1 // the rail wants the payer to act
	PaymentWait                               // the rail has it and will answer later
	PaymentAuthorise                          // the rail holds the money
	PaymentPay                                // the rail has the money for us
	PaymentFail                               // the rail said no
	PaymentCancel                             // given up, and the rail agrees
	PaymentDoubt                              // the rail's own window has passed without an answer
	PaymentShort                              // less money than asked for is there
	PaymentExcess                             // more money than asked for is there
	PaymentTake                               // a part of the held money was taken, the rest is held
	PaymentRelease                            // the held money that was not taken is let go
)

var paymentTable = map[PaymentState]map[PaymentSignal]PaymentState{
	PaymentCreated: {
		PaymentAct: PaymentAction, PaymentWait: PaymentWaiting,
		PaymentAuthorise: PaymentAuthorised, PaymentPay: PaymentPaid,
		PaymentFail: PaymentFailed, PaymentCancel: PaymentCanceled, PaymentDoubt: PaymentReview,
		PaymentShort: PaymentUnderpaid, PaymentExcess: PaymentOverpaid,
	},
	PaymentAction: {
		PaymentWait: PaymentWaiting, PaymentAuthorise: PaymentAuthorised,
		PaymentPay: PaymentPaid, PaymentFail: PaymentFailed, PaymentCancel: PaymentCanceled,
		PaymentDoubt: PaymentReview,
	},
	PaymentWaiting: {
		PaymentAct: PaymentAction, PaymentAuthorise: PaymentAuthorised,
		PaymentPay: PaymentPaid, PaymentFail: PaymentFailed, PaymentCancel: PaymentCanceled,
		PaymentDoubt: PaymentReview, PaymentShort: PaymentUnderpaid,
		PaymentExcess: PaymentOverpaid,
	},
	PaymentAuthorised: {
		PaymentPay: PaymentPaid, PaymentFail: PaymentFailed, PaymentCancel: PaymentCanceled,
		PaymentTake: PaymentAuthorised, PaymentRelease: PaymentPaid,
	},
	PaymentReview: {
		PaymentAuthorise: PaymentAuthorised, PaymentPay: PaymentPaid,
		PaymentFail: PaymentFailed, PaymentCancel: PaymentCanceled,
		PaymentShort: PaymentUnderpaid, PaymentExcess: PaymentOverpaid,
	},
	PaymentUnderpaid: {
		PaymentShort: PaymentUnderpaid, PaymentPay: PaymentPaid,
		PaymentExcess: PaymentOverpaid, PaymentCancel: PaymentCanceled,
	},
	PaymentOverpaid: {PaymentExcess: PaymentOverpaid, PaymentPay: PaymentPaid},
	PaymentPaid:     {PaymentExcess: PaymentOverpaid},
	PaymentFailed:   {PaymentPay: PaymentLate},
	PaymentCanceled: {PaymentPay: PaymentLate},
	PaymentLate:     {PaymentExcess: PaymentLate},
}

// RefundState is where a refund stands.
type RefundState uint8

// The states of a refund. While pending its amount is reserved.
const (
	RefundPending RefundState = iota + 1
	RefundSucceeded
	RefundFailed
)

// RefundSignal is what can happen to a refund.
type RefundSignal uint8

// The signals of a refund.
const (
	RefundSettle RefundSignal = iota + 1
	RefundFail
)

var refundTable = map[RefundState]map[RefundSignal]RefundState{
	RefundPending: {RefundSettle: RefundSucceeded, RefundFail: RefundFailed},
}

// MethodState is where a saved method stands.
type MethodState uint8

// The states of a saved method.
const (
	MethodActive   MethodState = iota + 1
	MethodDetached             // it cannot be charged any more
)

// MethodSignal is what can happen to a saved method.
type MethodSignal uint8

// The signals of a saved method.
const (
	MethodDetach MethodSignal = iota + 1
)

var methodTable = map[MethodState]map[MethodSignal]MethodState{
	MethodActive: {MethodDetach: MethodDetached},
}

// MandateState is where a mandate stands.
type MandateState uint8

// The states of a mandate. All but active and paused absorb every signal.
const (
	MandateActive    MandateState = iota + 1
	MandatePaused                 // no charge for now
	MandateCanceled               // by the payer or the merchant
	MandateExpired                // its last day is over
	MandateCompleted              // all it permitted was charged
)

// MandateSignal is what can happen to a mandate.
type MandateSignal uint8

// The signals of a mandate.
const (
	MandatePause MandateSignal = iota + 1
	MandateResume
	MandateCancel
	MandateExpire
	MandateComplete
	MandateUse // a slot was taken or given back, a charge scheduled or tried
)

var mandateTable = map[MandateState]map[MandateSignal]MandateState{
	MandateActive: {
		MandatePause: MandatePaused, MandateCancel: MandateCanceled,
		MandateExpire: MandateExpired, MandateComplete: MandateCompleted,
		MandateUse: MandateActive,
	},
	MandatePaused: {
		MandateResume: MandateActive, MandateCancel: MandateCanceled,
		MandateExpire: MandateExpired, MandateUse: MandatePaused,
	},
	MandateCanceled:  {MandateUse: MandateCanceled},
	MandateExpired:   {MandateUse: MandateExpired},
	MandateCompleted: {MandateUse: MandateCompleted},
}

// Next returns the state after the signal, and false when the signal changes nothing here.
func (s SessionState) Next(x SessionSignal) (SessionState, bool) {
	next, ok := sessionTable[s][x]
	return next, ok
}

// Next returns the state after the signal, and false when the signal changes nothing here.
func (s PaymentState) Next(x PaymentSignal) (PaymentState, bool) {
	next, ok := paymentTable[s][x]
	return next, ok
}

// Next returns the state after the signal, and false when the signal changes nothing here.
func (s RefundState) Next(x RefundSignal) (RefundState, bool) {
	next, ok := refundTable[s][x]
	return next, ok
}

// Next returns the state after the signal, and false when the signal changes nothing here.
func (s MethodState) Next(x MethodSignal) (MethodState, bool) {
	next, ok := methodTable[s][x]
	return next, ok
}

// Next returns the state after the signal, and false when the signal changes nothing here.
func (s MandateState) Next(x MandateSignal) (MandateState, bool) {
	next, ok := mandateTable[s][x]
	return next, ok
}

// InFlight reports whether the outcome of the payment is still open.
func (s PaymentState) InFlight() bool {
	switch s {
	case PaymentCreated, PaymentAction, PaymentWaiting, PaymentReview:
		return true
	}
	return false
}

// undecided reports whether the rail may yet have more to say that we have to ask for.
func (s PaymentState) undecided() bool {
	return s.InFlight() || s == PaymentAuthorised || s == PaymentUnderpaid
}

// gaveUp reports whether we believe that no money moved and none will.
func (s PaymentState) gaveUp() bool { return s == PaymentFailed || s == PaymentCanceled }

// Unsettled reports whether the payment waits for its merchant to settle what a transfer brought.
func (s PaymentState) Unsettled() bool { return s == PaymentUnderpaid || s == PaymentOverpaid }

var sessionStateNames = [...]string{
	SessionOpen: "open", SessionPaying: "paying", SessionComplete: "complete",
	SessionExpired: "expired", SessionCanceled: "canceled",
}

var sessionSignalNames = [...]string{
	SessionClaim: "claim", SessionSettle: "settle", SessionFree: "free", SessionExpire: "expire",
	SessionCancel: "cancel", SessionFail: "fail",
}

var paymentStateNames = [...]string{
	PaymentCreated: "created", PaymentAction: "action", PaymentWaiting: "waiting",
	PaymentAuthorised: "authorised", PaymentPaid: "paid", PaymentFailed: "failed",
	PaymentCanceled: "canceled", PaymentReview: "review", PaymentLate: "late",
	PaymentUnderpaid: "underpaid", PaymentOverpaid: "overpaid",
}

var paymentSignalNames = [...]string{
	PaymentAct: "act", PaymentWait: "wait", PaymentAuthorise: "authorise", PaymentPay: "pay",
	PaymentFail: "fail", PaymentCancel: "cancel", PaymentDoubt: "doubt", PaymentShort: "short",
	PaymentExcess: "excess", PaymentTake: "take", PaymentRelease: "release",
}

var refundStateNames = [...]string{
	RefundPending: "pending", RefundSucceeded: "succeeded", RefundFailed: "failed",
}

var refundSignalNames = [...]string{RefundSettle: "settle", RefundFail: "fail"}

var methodStateNames = [...]string{MethodActive: "active", MethodDetached: "detached"}

var methodSignalNames = [...]string{MethodDetach: "detach"}

var mandateStateNames = [...]string{
	MandateActive: "active", MandatePaused: "paused", MandateCanceled: "canceled",
	MandateExpired: "expired", MandateCompleted: "completed",
}

var mandateSignalNames = [...]string{
	MandatePause: "pause", MandateResume: "resume", MandateCancel: "cancel",
	MandateExpire: "expire", MandateComplete: "complete", MandateUse: "use",
}

func (s MethodState) String() string   { return methodStateNames[s] }
func (x MethodSignal) String() string  { return methodSignalNames[x] }
func (s MandateState) String() string  { return mandateStateNames[s] }
func (x MandateSignal) String() string { return mandateSignalNames[x] }
func (s SessionState) String() string  { return sessionStateNames[s] }
func (x SessionSignal) String() string { return sessionSignalNames[x] }
func (s PaymentState) String() string  { return paymentStateNames[s] }
func (x PaymentSignal) String() string { return paymentSignalNames[x] }
func (s RefundState) String() string   { return refundStateNames[s] }
func (x RefundSignal) String() string  { return refundSignalNames[x] }

// ParseSessionState is the inverse of String; 0 for an unknown word.
func ParseSessionState(s string) SessionState {
	return parse[SessionState](sessionStateNames[:], s)
}

// ParsePaymentState is the inverse of String; 0 for an unknown word.
func ParsePaymentState(s string) PaymentState {
	return parse[PaymentState](paymentStateNames[:], s)
}

// ParseRefundState is the inverse of String; 0 for an unknown word.
func ParseRefundState(s string) RefundState { return parse[RefundState](refundStateNames[:], s) }

// ParseMethodState is the inverse of String; 0 for an unknown word.
func ParseMethodState(s string) MethodState { return parse[MethodState](methodStateNames[:], s) }

// ParseMandateState is the inverse of String; 0 for an unknown word.
func ParseMandateState(s string) MandateState {
	return parse[MandateState](mandateStateNames[:], s)
}

func parse[T ~uint8](names []string, s string) T {
	for i, name := range names {
		if name == s && s != "" {
			return T(i)
		}
	}
	return 0
}

// MarshalText writes the state's word, so that stored snapshots survive a renumbering.
func (s SessionState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word; an unknown one becomes the zero state.
func (s *SessionState) UnmarshalText(b []byte) error {
	*s = ParseSessionState(string(b))
	return nil
}

// MarshalText writes the state's word, so that stored snapshots survive a renumbering.
func (s PaymentState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word; an unknown one becomes the zero state.
func (s *PaymentState) UnmarshalText(b []byte) error {
	*s = ParsePaymentState(string(b))
	return nil
}

// MarshalText writes the state's word, so that stored snapshots survive a renumbering.
func (s RefundState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word; an unknown one becomes the zero state.
func (s *RefundState) UnmarshalText(b []byte) error {
	*s = ParseRefundState(string(b))
	return nil
}

// MarshalText writes the state's word, so that stored snapshots survive a renumbering.
func (s MethodState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word; an unknown one becomes the zero state.
func (s *MethodState) UnmarshalText(b []byte) error {
	*s = ParseMethodState(string(b))
	return nil
}

// MarshalText writes the state's word, so that stored snapshots survive a renumbering.
func (s MandateState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word; an unknown one becomes the zero state.
func (s *MandateState) UnmarshalText(b []byte) error {
	*s = ParseMandateState(string(b))
	return nil
}

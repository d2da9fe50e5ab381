package wpay

import (
	"encoding/json"
	"fmt"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
)

// schemaVersion is that of the envelope and of what is in it.
const schemaVersion = "1.0.0"

// The types of events.
const (
	eventCreated   = "Instrument.Created"
	eventCancelled = "Instrument.Cancelled"
	eventCompleted = "Payment.Completed"
	eventRejected  = "Payment.Rejected"
	eventRefunded  = "Refund.Completed"
	eventRefused   = "Refund.Rejected"
)

// speaks are the core's event types that this family may have a word for. Whether it has is for the
// object to say.
var speaks = map[string]bool{
	"mandate.active": true, "mandate.canceled": true, "mandate.expired": true,
	"payment.paid": true, "payment.failed": true, "payment.canceled": true,
	"refund.succeeded": true, "refund.failed": true,
}

// Names reports whether the family may have a name for the core's event type.
func Names(eventType string) bool { return speaks[eventType] }

// eventDoc is the envelope of an event. The order of keys is documented.
type eventDoc struct {
	EventID       string `json:"EventId"`
	EventType     string
	PublishedAt   string
	Payload       any
	SchemaVersion string
}

type createdPayload struct {
	InstrumentID   string `json:"InstrumentId"`
	LabelType      *string
	Label          *string
	MaximumAmount  *int64
	ExpiryDate     *string
	NppPublishedAt string
	SessionID      string `json:"SessionId"`
	SchemaVersion  string
}

type cancelledPayload struct {
	InstrumentID   string `json:"InstrumentId"`
	Reason         reasonPayload
	NppPublishedAt string
	SchemaVersion  string
}

type completedPayload struct {
	PaymentID      string `json:"PaymentId"`
	InstrumentID   string `json:"InstrumentId"`
	Amount         int64
	Reference      *string
	Description    string
	NppPublishedAt string
	SchemaVersion  string
}

type rejectedPayload struct {
	PaymentID       string `json:"PaymentId"`
	InstrumentID    string `json:"InstrumentId"`
	Amount          int64
	RejectionReason reasonPayload
	NppPublishedAt  string
	SchemaVersion   string
}

type refundedPayload struct {
	RefundID       string `json:"RefundId"`
	PaymentID      string `json:"PaymentId"`
	Amount         int64
	Reference      *string
	Description    string
	NppPublishedAt string
	SchemaVersion  string
}

type refusedPayload struct {
	RefundID        string `json:"RefundId"`
	PaymentID       string `json:"PaymentId"`
	Amount          int64
	RejectionReason reasonPayload
	NppPublishedAt  string
	SchemaVersion   string
}

type reasonPayload struct {
	Code   string
	Title  string
	Detail string
}

func payloadReason(code string) reasonPayload {
	r := npp.Lookup(code)
	return reasonPayload{Code: r.Code, Title: r.Title, Detail: r.Detail}
}

// Encoder returns the event encoder of this family. It is pure.
func Encoder() func(e pay.Event, pending int) []pay.Letter {
	return func(e pay.Event, _ int) []pay.Letter {
		name, chain, payload, err := said(&e)
		if err != nil || name == "" {
			return nil // nothing that this protocol speaks of
		}
		doc := eventDoc{
			EventID: eventUUID(e.ID), EventType: name, PublishedAt: at(e.CreatedAt),
			Payload: payload, SchemaVersion: schemaVersion,
		}
		return []pay.Letter{{ID: doc.EventID, Name: name, Body: wire.Encode(doc), Chain: chain}}
	}
}

// said says an event in this protocol's words: no name when it has none for it. chain is the
// session that it belongs to: its instrument is told of before its payment.
func said(e *pay.Event) (name, chain string, payload any, err error) {
	if !Names(e.Type) || e.Family != Family {
		return "", "", nil, nil
	}
	switch e.Kind {
	case pay.ObjectMandate:
		return snapshot(e, mandateSaid)
	case pay.ObjectPayment:
		return snapshot(e, paymentSaid)
	case pay.ObjectRefund:
		return snapshot(e, refundSaid)
	}
	return "", "", nil, fmt.Errorf("event %s: nothing is known of a %q", e.ID, e.Kind)
}

func snapshot[T any](
	e *pay.Event, say func(*T) (name, chain string, payload any),
) (name, chain string, payload any, err error) {
	var v T
	if err := json.Unmarshal(e.Data, &v); err != nil {
		return "", "", nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	name, chain, payload = say(&v)
	return name, chain, payload, nil
}

// mandateSaid: one that another of the same session stands in for is not cancelled, because the
// merchant knows both by the same id.
func mandateSaid(m *pay.Mandate) (name, chain string, payload any) {
	e := echoOf(m.Family, m.Echo)
	switch {
	case m.State == pay.MandateActive:
		doc := mandateDoc(m)
		return eventCreated, m.SessionID, createdPayload{
			InstrumentID: e.InstrumentID, LabelType: doc.LabelType, Label: doc.Label,
			MaximumAmount: doc.MaximumAmount, ExpiryDate: doc.ExpiryDate,
			NppPublishedAt: atNetwork(m.CreatedAt), SessionID: e.SessionID,
			SchemaVersion: schemaVersion,
		}
	case m.Reason == pay.ByReplaced:
		return "", "", nil
	}
	return eventCancelled, m.SessionID, cancelledPayload{
		InstrumentID: e.InstrumentID, Reason: payloadReason(endOf(m)),
		NppPublishedAt: atNetwork(m.UpdatedAt), SchemaVersion: schemaVersion,
	}
}

// paymentSaid: an attempt that ended before the buyer agreed was never a payment. What it ended is
// the instrument.
func paymentSaid(p *pay.Payment) (name, chain string, payload any) {
	e := echoOf(p.Family, p.Echo)
	if agreedNothing(p) {
		return "", "", nil
	}
	if !initiated(p) {
		return eventCancelled, p.SessionID, cancelledPayload{
			InstrumentID: e.InstrumentID, Reason: payloadReason(declined(p)),
			NppPublishedAt: atNetwork(p.UpdatedAt), SchemaVersion: schemaVersion,
		}
	}
	if e.PaymentID == "" {
		return "", "", nil // of an instrument session
	}
	if p.State == pay.PaymentPaid {
		return eventCompleted, p.SessionID, completedPayload{
			PaymentID: e.PaymentID, InstrumentID: e.InstrumentID, Amount: p.Amount.Minor,
			Reference: e.Reference, Description: e.Description,
			NppPublishedAt: atNetwork(p.UpdatedAt), SchemaVersion: schemaVersion,
		}
	}
	return eventRejected, p.SessionID, rejectedPayload{
		PaymentID: e.PaymentID, InstrumentID: e.InstrumentID, Amount: p.Amount.Minor,
		RejectionReason: payloadReason(rejection(p)), NppPublishedAt: atNetwork(p.UpdatedAt),
		SchemaVersion: schemaVersion,
	}
}

func refundSaid(r *pay.Refund) (name, chain string, payload any) {
	e := echoOf(r.Family, r.Echo)
	if r.State == pay.RefundSucceeded {
		return eventRefunded, "", refundedPayload{
			RefundID: e.RefundID, PaymentID: e.PaymentID, Amount: r.Amount.Minor,
			Reference: e.Reference, Description: e.Description,
			NppPublishedAt: atNetwork(r.UpdatedAt), SchemaVersion: schemaVersion,
		}
	}
	return eventRefused, "", refusedPayload{
		RefundID: e.RefundID, PaymentID: e.PaymentID, Amount: r.Amount.Minor,
		RejectionReason: payloadReason(refundRejection(r)),
		NppPublishedAt:  atNetwork(r.UpdatedAt), SchemaVersion: schemaVersion,
	}
}

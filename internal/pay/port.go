package pay

import (
	"context"
	"time"
)

// Clock is the server's time. Now returns UTC.
type Clock interface {
	Now() time.Time
}

// Vault keeps secrets at rest. Purpose separates keys: what was sealed for one purpose opens for no
// other.
type Vault interface {
	Seal(purpose string, plain []byte) []byte
	Open(purpose string, sealed []byte) ([]byte, error)
	// MAC returns 32 bytes that only the holder of the installation's secret can compute.
	MAC(purpose, message string) []byte
	// Check returns a value that tells installations apart and gives nothing away.
	Check() string
}

// Store keeps everything. Methods answer NotFound for what is not there, Conflict for what came
// second, Unavailable when overloaded; any other error is a defect or a broken engine.
type Store interface {
	View
	// Write runs the unit in a transaction and returns when it is durable. Many units share a
	// commit, so a unit may run more than once: it must not act on anything but tx, must not wait
	// and must not call the outside. If the unit fails nothing of it is stored.
	Write(ctx context.Context, unit func(ctx context.Context, tx Tx) error) error
}

// View reads. On a Store it sees what was durable when the read began; on a Tx it also sees the
// unit's own writes. Lists are newest first.
type View interface {
	MerchantView
	CustomerView
	MethodView
	MandateView
	SessionView
	PaymentView
	RefundView
	EventView
	EndpointView
	IdempotencyView
	JournalView
	AliasView
}

// Tx is one unit's access to the store. Inserts and swaps may be sent late; their failure fails the
// unit. A swap writes the object if its stored version is Version-1 and fails with Conflict
// otherwise. Lock reads the row and keeps others from changing it until the unit ends.
type Tx interface {
	View
	MerchantTx
	CustomerTx
	MethodTx
	MandateTx
	SessionTx
	PaymentTx
	RefundTx
	EventTx
	EndpointTx
	DeliveryTx
	IdempotencyTx
	NoticeTx
	JournalTx
	AliasTx
}

// Page cuts a list: at most Limit items (1 to 100), those after the item with the id After.
type Page struct {
	Limit int
	After string
}

// MerchantView reads tenants and keys.
type MerchantView interface {
	Merchant(ctx context.Context, id string) (Merchant, error)
	Merchants(ctx context.Context) ([]Merchant, error)
	// Key finds a key by its public part, with its merchant: one look-up per request.
	Key(ctx context.Context, id string) (Key, Merchant, error)
	Keys(ctx context.Context, merchantID string) ([]Key, error)
	// Setting reads a value of the installation.
	Setting(ctx context.Context, name string) (string, error)
}

// MerchantTx writes tenants and keys.
type MerchantTx interface {
	InsertMerchant(ctx context.Context, m Merchant) error
	UpdateMerchant(ctx context.Context, m Merchant) error
	LockMerchant(ctx context.Context, id string) (Merchant, error)
	InsertKey(ctx context.Context, k Key) error
	UpdateKey(ctx context.Context, k Key) error
	// TouchKey records when the key was last used.
	TouchKey(ctx context.Context, id string, at time.Time) error
	// ShiftDue brings all test-mode work of the merchant nearer by d: sessions, payments, refunds,
	// mandates, deliveries.
	ShiftDue(ctx context.Context, merchantID string, d time.Duration) error
	// InsertSetting writes a value of the installation once; Conflict if it is there.
	InsertSetting(ctx context.Context, name, value string) error
}

// CustomerFilter narrows a list of customers.
type CustomerFilter struct {
	Page
	Email string
}

// CustomerView reads customers.
type CustomerView interface {
	Customer(ctx context.Context, sc Scope, id string) (Customer, error)
	Customers(ctx context.Context, sc Scope, f CustomerFilter) ([]Customer, error)
}

// CustomerTx writes customers. Deleting one leaves what refers to it.
type CustomerTx interface {
	LockCustomer(ctx context.Context, sc Scope, id string) (Customer, error)
	InsertCustomer(ctx context.Context, c Customer) error
	UpdateCustomer(ctx context.Context, c Customer) error
	DeleteCustomer(ctx context.Context, sc Scope, id string) error
}

// MethodView reads saved methods.
type MethodView interface {
	SavedMethod(ctx context.Context, sc Scope, id string) (SavedMethod, error)
	SavedMethods(ctx context.Context, sc Scope, f MethodFilter) ([]SavedMethod, error)
	// MethodByToken finds the method that is a rail's agreement, whosever it is.
	MethodByToken(ctx context.Context, rail, token string) (SavedMethod, error)
}

// MethodTx writes saved methods.
type MethodTx interface {
	LockMethod(ctx context.Context, id string) (SavedMethod, error)
	InsertMethod(ctx context.Context, m SavedMethod) error
	SwapMethod(ctx context.Context, m SavedMethod) error
}

// MandateView reads mandates. MandateByID is for whoever was let in by something else than a key.
type MandateView interface {
	Mandate(ctx context.Context, sc Scope, id string) (Mandate, error)
	MandateByID(ctx context.Context, id string) (Mandate, error)
	Mandates(ctx context.Context, sc Scope, f MandateFilter) ([]Mandate, error)
	// MandateWindow returns what was charged in the window that begins at start; NotFound before
	// the first charge.
	MandateWindow(ctx context.Context, mandateID string, start time.Time) (MandateWindow, error)
}

// MandateTx writes mandates. A mandate whose Count or Total is above what its terms permit is
// refused with Conflict, and so is a window above its bounds.
type MandateTx interface {
	LockMandate(ctx context.Context, id string) (Mandate, error)
	InsertMandate(ctx context.Context, m Mandate, dueAt time.Time) error
	SwapMandate(ctx context.Context, m Mandate, dueAt time.Time) error
	// LockDueMandates returns mandates due at now, oldest first, locked until the unit ends;
	// those another node has locked are passed over.
	LockDueMandates(ctx context.Context, now time.Time, limit int) ([]Mandate, error)
	PutMandateWindow(ctx context.Context, w MandateWindow) error
}

// SessionFilter narrows a list of sessions. States are judged at Now, as StateAt does; nil means
// all. ServerNow is the same moment in the server's time, in which sessions are due.
type SessionFilter struct {
	Page
	States     []SessionState
	Now        time.Time
	ServerNow  time.Time
	CustomerID string
	PaymentID  string
	Family     string
}

// SessionView reads sessions. SessionByID is for whoever was let in by something else than a key:
// the page by its page key, the worker by being the worker.
type SessionView interface {
	Session(ctx context.Context, sc Scope, id string) (Session, error)
	SessionByID(ctx context.Context, id string) (Session, error)
	Sessions(ctx context.Context, sc Scope, f SessionFilter) ([]Session, error)
}

// SessionTx writes sessions. DueAt in the write is the server time at which the worker must look
// again; zero means never.
type SessionTx interface {
	LockSession(ctx context.Context, id string) (Session, error)
	InsertSession(ctx context.Context, s Session, dueAt time.Time) error
	SwapSession(ctx context.Context, s Session, dueAt time.Time) error
	// DueSessions returns the ids of sessions due at now, oldest first.
	DueSessions(ctx context.Context, now time.Time, limit int) ([]string, error)
}

// PaymentFilter narrows a list of payments.
type PaymentFilter struct {
	Page
	States     []PaymentState
	CustomerID string
	SessionID  string
	MandateID  string
}

// PaymentView reads payments.
type PaymentView interface {
	Payment(ctx context.Context, sc Scope, id string) (Payment, error)
	PaymentByID(ctx context.Context, id string) (Payment, error)
	Payments(ctx context.Context, sc Scope, f PaymentFilter) ([]Payment, error)
	// PaymentsInReview returns the payments of all merchants that need a person, at most limit.
	PaymentsInReview(ctx context.Context, limit int) ([]Payment, error)
}

// PaymentTx writes payments.
type PaymentTx interface {
	LockPayment(ctx context.Context, id string) (Payment, error)
	InsertPayment(ctx context.Context, p Payment, dueAt time.Time) error
	SwapPayment(ctx context.Context, p Payment, dueAt time.Time) error
	// ClaimPayments returns payments due at now and moves their due time to until, so that no other
	// node takes them before. Each claim counts into PollCount.
	ClaimPayments(ctx context.Context, now, until time.Time, limit int) ([]Payment, error)
	// DelayPayment sets the due time and nothing else, provided the version is still the same.
	DelayPayment(ctx context.Context, p Payment, dueAt time.Time) error
}

// RefundFilter narrows a list of refunds.
type RefundFilter struct {
	Page
	PaymentID string
}

// RefundView reads refunds.
type RefundView interface {
	Refund(ctx context.Context, sc Scope, id string) (Refund, error)
	Refunds(ctx context.Context, sc Scope, f RefundFilter) ([]Refund, error)
}

// RefundTx writes refunds; the methods behave as those of PaymentTx.
type RefundTx interface {
	LockRefund(ctx context.Context, id string) (Refund, error)
	InsertRefund(ctx context.Context, r Refund, dueAt time.Time) error
	SwapRefund(ctx context.Context, r Refund, dueAt time.Time) error
	ClaimRefunds(ctx context.Context, now, until time.Time, limit int) ([]Refund, error)
	DelayRefund(ctx context.Context, r Refund, dueAt time.Time) error
}

// EventFilter narrows a list of events. Types are core types; nil means all.
type EventFilter struct {
	Page
	Types    []string
	ObjectID string
	Family   string // "": of all
}

// EventView reads events, without those that target one endpoint. Pending is filled.
type EventView interface {
	Event(ctx context.Context, sc Scope, id string) (Event, error)
	Events(ctx context.Context, sc Scope, f EventFilter) ([]Event, error)
}

// EventTx writes events and hands them to fan-out.
type EventTx interface {
	InsertEvent(ctx context.Context, e Event) error
	// UnsentEvents returns events not yet fanned out, oldest first, locked until the unit ends.
	UnsentEvents(ctx context.Context, limit int) ([]Event, error)
	// MarkSent records that the events' deliveries were made in this unit.
	MarkSent(ctx context.Context, eventIDs []string) error
}

// EndpointView reads endpoints and deliveries. Lists leave hooks out.
type EndpointView interface {
	Endpoint(ctx context.Context, sc Scope, id string) (Endpoint, error)
	Endpoints(ctx context.Context, sc Scope, p Page) ([]Endpoint, error)
	// EnabledEndpoints returns all endpoints of the scope that want events.
	EnabledEndpoints(ctx context.Context, sc Scope) ([]Endpoint, error)
	// HookSigner returns the hook without an address, if there is one: its secrets, instead of their
	// own, sign what is sent to the hooks of the family.
	HookSigner(ctx context.Context, sc Scope, family string) (Endpoint, error)
	Delivery(ctx context.Context, sc Scope, id string) (Delivery, error)
	Deliveries(ctx context.Context, sc Scope, endpointID string, p Page) ([]Delivery, error)
}

// EndpointTx writes endpoints.
type EndpointTx interface {
	LockEndpoint(ctx context.Context, id string) (Endpoint, error)
	InsertEndpoint(ctx context.Context, e Endpoint) error
	SwapEndpoint(ctx context.Context, e Endpoint) error
	// EnsureHook returns the hook of the same family and address, and inserts it if there is none.
	// One that is not enabled is locked.
	EnsureHook(ctx context.Context, e Endpoint) (Endpoint, error)
	// DeleteEndpoint removes the endpoint with its deliveries, or what is left of them later.
	DeleteEndpoint(ctx context.Context, sc Scope, id string) error
	// PruneEndpoints deletes what is left of a deleted endpoint, at most limit deliveries. It
	// returns 0 when nothing is left of any.
	PruneEndpoints(ctx context.Context, limit int) (int64, error)
}

// Parcel is a claimed delivery with all that is needed to send it.
type Parcel struct {
	Delivery
	Endpoint Endpoint
	Body     []byte
}

// ClaimOrder says which deliveries a node takes. Times are server time.
type ClaimOrder struct {
	Now         time.Time
	Until       time.Time // the lease ends
	Lease       string    // the fencing token
	Limit       int
	PerEndpoint int // at most this many leased at once per endpoint
}

// DeliveryTx moves deliveries. The first attempt of an event to an endpoint waits for the earlier
// event of the same object, at most until the NextAttemptAt it was inserted with.
type DeliveryTx interface {
	// InsertDelivery adds a delivery with the bytes to send.
	InsertDelivery(ctx context.Context, d Delivery, body []byte) error
	// PendingBefore reports whether the endpoint still has an earlier event of the object to get.
	PendingBefore(ctx context.Context, endpointID, objectID string, sequence int64) (bool, error)
	ClaimDeliveries(ctx context.Context, o ClaimOrder) ([]Parcel, error)
	// FinishAttempt records the attempt and the delivery's new state and due time if the lease is
	// still d.Lease, and reports whether it was.
	FinishAttempt(ctx context.Context, d Delivery, a DeliveryAttempt) (bool, error)
	// ReleaseNext makes the next waiting event of the object due at now.
	ReleaseNext(ctx context.Context, endpointID, objectID string, now time.Time) error
	// FailPending gives up all pending deliveries of an endpoint.
	FailPending(ctx context.Context, endpointID string, now time.Time) error
	// Redeliver makes a delivery pending again, due at now.
	Redeliver(ctx context.Context, sc Scope, id string, now time.Time) error
	// PruneDeliveries deletes what is over since before the time, with its attempts and what was
	// sent, at most limit deliveries. Their ids are below the given one.
	PruneDeliveries(ctx context.Context, below string, before time.Time, limit int) (int64, error)
}

// IdempotencyRecord remembers one request that carried a key.
type IdempotencyRecord struct {
	Scope
	Key         string
	Fingerprint []byte // SHA-256 over method, route and body
	ObjectID    string // what it made or moved
	Reply       *Reply // nil while the request runs
	Sealed      bool   // Reply.Body is sealed: it holds a secret shown once
	CreatedAt   time.Time
}

// IdempotencyView reads the records of keys.
type IdempotencyView interface {
	Idempotency(ctx context.Context, sc Scope, key string) (IdempotencyRecord, error)
}

// IdempotencyTx writes the records of keys. Inserting a key twice is a Conflict.
type IdempotencyTx interface {
	InsertIdempotency(ctx context.Context, r IdempotencyRecord) error
	FinishIdempotency(ctx context.Context, r IdempotencyRecord) error
	// FreeIdempotency forgets a key whose request has no answer; one that has keeps it.
	FreeIdempotency(ctx context.Context, sc Scope, key string) error
	// PruneIdempotency deletes records made before the time, at most limit of them. Those without an
	// answer stay while the payment, the session's payment or the refund they name is due.
	PruneIdempotency(ctx context.Context, before time.Time, limit int) (int64, error)
}

// StoredNotice is a rail's notification in the inbox.
type StoredNotice struct {
	Rail       string
	Notice     Notice
	ReceivedAt time.Time
	Tries      int64
}

// NoticeTx is the inbox: notifications are stored first, answered second, applied third. Inserting
// one twice is a Conflict.
type NoticeTx interface {
	InsertNotice(ctx context.Context, n StoredNotice) error
	ClaimNotices(ctx context.Context, now, until time.Time, limit int) ([]StoredNotice, error)
	// FinishNotice closes a notice: matched, or unmatched after its time.
	FinishNotice(ctx context.Context, n StoredNotice, matched bool) error
	// PruneNotices deletes closed notices received before the time, at most limit of them.
	PruneNotices(ctx context.Context, before time.Time, limit int) (int64, error)
}

// EntryFilter narrows a list of journal entries. Nil types mean all.
type EntryFilter struct {
	Page
	Types     []EntryType
	PaymentID string
}

// JournalView reads the journal.
type JournalView interface {
	Entry(ctx context.Context, sc Scope, id string) (Entry, error)
	Entries(ctx context.Context, sc Scope, f EntryFilter) ([]Entry, error)
	// Balances sums the journal by account and currency, in that order.
	Balances(ctx context.Context, sc Scope) ([]AccountBalance, error)
}

// JournalTx adds to the journal. Nothing changes or removes an entry.
type JournalTx interface {
	InsertEntry(ctx context.Context, e Entry) error
	// FoldJournal adds the next entries of the scope, at most limit of those with an id below the
	// given one, to a sum that Balances begins with. It returns how many. No entry may be inserted
	// below that id any more.
	FoldJournal(ctx context.Context, sc Scope, below string, limit int) (int64, error)
}

// AliasKey is an id of a merchant's own, for one kind of object of one family.
type AliasKey struct {
	Scope
	Family string
	Alias
}

// AliasView reads the merchants' own ids.
type AliasView interface {
	// Alias returns the id of the object that the merchant calls so.
	Alias(ctx context.Context, k AliasKey) (objectID string, err error)
}

// AliasTx writes the merchants' own ids.
type AliasTx interface {
	// InsertAlias gives an object an id of the merchant's own; Conflict if it names another one.
	InsertAlias(ctx context.Context, k AliasKey, objectID string) error
}

package simnet

// Faults are the scenarios of what goes wrong between any network and us, whoever pays.
func Faults() []Scenario {
	return []Scenario{
		{Name: "late_approved", After: LateAfter, Says: "Succeeds after 30 seconds."},
		{Name: "late_notified_twice", After: LateAfter, Notice: NoticeTwice,
			Says: "Succeeds after 30 seconds; the notification comes twice."},
		{Name: "notified_first", Notice: NoticeFirst,
			Says: "Succeeds; the notification comes before the reply."},
		{Name: "notified_out_of_order", After: LateAfter, Notice: NoticeReordered,
			Says: "Succeeds after 30 seconds; an older notification comes after the newer one."},
		{Name: "never_notified", After: LateAfter, Notice: NoticeNever,
			Says: "Succeeds after 30 seconds; nobody is told."},
		{Name: "reply_lost", Reply: ReplyLost, Notice: NoticeNever, Says: "Succeeds, but the reply " +
			"is lost: the outcome is unknown until the network is asked."},
		{Name: "never_arrived", Reply: NeverArrives,
			Says: "The request is lost: the network never hears of the payment."},
		{Name: "stuck", After: StuckAfter, Reply: ReplyLost, Notice: NoticeNever,
			Says: "Unknown for 48 hours, longer than the network promises; then it succeeds."},
		{Name: "wrong_amount", Excess: 1,
			Says: "Takes one minor unit more than it was asked to, so a person must look."},
	}
}

// A Catalogue finds scenarios by their names, and by the magic values that lead to them.
type Catalogue struct {
	ByName, ByValue map[string]*Scenario
}

// NewCatalogue indexes the scenarios of a network. magic are pairs of a value and a name.
func NewCatalogue(scenarios []Scenario, magic [][2]string) Catalogue {
	c := Catalogue{ByName: map[string]*Scenario{}, ByValue: map[string]*Scenario{}}
	for i := range scenarios {
		c.ByName[scenarios[i].Name] = &scenarios[i]
	}
	for _, row := range magic {
		c.ByValue[row[0]] = c.ByName[row[1]]
	}
	return c
}

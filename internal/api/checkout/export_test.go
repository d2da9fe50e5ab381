package checkout

// Patterns lists the routes as the mux knows them.
func Patterns() []string {
	var patterns []string
	for _, r := range (&API{}).routes() {
		patterns = append(patterns, r.method+" "+r.path)
	}
	return patterns
}

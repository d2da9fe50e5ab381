package wpay

// Patterns lists the routes as the mux knows them, below the first prefix.
func Patterns() (patterns []string) {
	for _, r := range (&API{}).routes() {
		patterns = append(patterns, r.method+" /merchants/{merchantId}"+r.path)
	}
	return patterns
}

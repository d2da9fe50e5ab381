// Package pgtest gives tests a real PostgreSQL: an empty database for each test, on the server that
// KASSA_TEST_POSTGRES names, or on a throw-away cluster that lives as long as the test process. The
// cluster writes through to disk like one in production; only its size is small.
//
// A package that uses it says so in its TestMain:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// The package may import the standard library and the driver, is imported by tests only, and must
// never skip: a machine without PostgreSQL fails the test and says which package to install.
package pgtest

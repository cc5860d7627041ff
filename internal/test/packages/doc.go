// Package packages tests the Debian and RPM packages that cmd/hermesd/dist/package makes: lintian
// looks at them, and one is installed, run as a service, upgraded, removed and purged below a
// folder that stands for the root of a machine. Nothing is installed on the machine of the test.
//
// The tests run only if HERMES_TEST_REQUIRE is 1, since they make packages first, which compiles
// nfpm and takes minutes.
package packages

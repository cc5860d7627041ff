package testserver

import (
	"os"
	"path/filepath"
)

// ChromiumArgs returns the arguments for a headless Chromium that may run as root, keeps everything
// in the folder home and connects to this machine only.
func ChromiumArgs(home string) []string {
	return []string{
		"--headless",
		"--no-sandbox",
		"--disable-gpu",
		"--disable-quic",
		"--no-first-run",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
		"--disable-default-apps",
		"--disable-extensions",
		"--disable-dev-shm-usage",
		"--disable-popup-blocking",
		"--no-proxy-server",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
		"--user-data-dir=" + filepath.Join(home, "profile"),
	}
}

// ChromiumEnv returns the environment for a Chromium of [ChromiumArgs]: of the test's own it gets
// PATH only.
func ChromiumEnv(home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_RUNTIME_DIR=" + home,
		"TMPDIR=" + home,
		"DBUS_SESSION_BUS_ADDRESS=disabled:", "DBUS_SYSTEM_BUS_ADDRESS=disabled:",
		"GOOGLE_API_KEY=no",
		"LC_ALL=C.UTF-8",
	}
}

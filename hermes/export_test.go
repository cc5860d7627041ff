package hermes

// SignAudit gives an entry its id and MAC, for tests that add entries of their own.
func SignAudit(c *Client, e *AuditEntry) error { return c.signAudit(e) }

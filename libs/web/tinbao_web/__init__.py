"""The one look of all pages: templates, stylesheet, texts in two languages, security headers. Knows no domain."""

"""Reading configuration files into documents: data, exact text, format and, on demand, places."""

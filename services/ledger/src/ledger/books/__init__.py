"""The books room: a county's set of books 账套 and what a new one starts with."""

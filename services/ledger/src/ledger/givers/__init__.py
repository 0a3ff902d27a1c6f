"""Givers 捐赠人: who gave, sealed and erasable beside the books, which know a giver by an opaque reference alone."""

"""The packages that the pages load in the browser: named and locked here, built at install."""

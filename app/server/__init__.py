"""The served application: routes and pages put together over the stores."""

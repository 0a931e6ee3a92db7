"""The sandbox: `host` starts it from outside; `inside` is all of this package that student code sees."""

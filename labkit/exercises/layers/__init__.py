"""Networks as answers: `tracing` says what one does, however it is written, and `table` judges it by that."""

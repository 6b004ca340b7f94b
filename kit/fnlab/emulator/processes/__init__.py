"""Where instances come from, and the processes behind them."""

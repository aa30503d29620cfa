"""Worker processes that train one net together: started, watched and ended from a notebook; and the sum that joins them."""

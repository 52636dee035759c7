"""What people read: digest, flash report, charts."""

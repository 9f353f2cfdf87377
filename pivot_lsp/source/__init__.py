"""What Python text says about stages, without running it, and kept up keystroke by keystroke.

text ─► top-level statements ─► names ─► facts about stages ─┬─► lint
        (only the edited one is read again)                  └─► where things are, for the editor
"""

"""The live view of `livetrio run`: an area below the log, in the terminal where that scrolls.

cells     text as a terminal shows it: how wide it is, cut to fit, without control characters
grid      Grid: aligned columns that fit into a width
render    render: a view as lines of a given size; a plain function
rates     Rates: events a second, from one view to the next
area      Area: the lines below the log, and the bytes that show and remove them
screen    Screen: the terminal, which is never waited for
live      LiveView: the task that paints

The area is below the log and not on a screen of its own, because what scrolls out of it must stay where one
looks for it in the morning: in the terminal's own history, whatever ends the process. So no mode of the
terminal is changed, and there is nothing to restore but the area itself.
"""

"""Alerts: people are told, wherever they are, when something is wrong, and when it is over.

config    AlertConfig, ChannelConfig: [[operations.alerts]] and [operations.channels.NAME]
rules     what each rule looks for: View × the one before → findings; pure
watcher   Watcher: from findings to messages: how long, how often, and when it is over; pure
message   Message: what is sent, in words
channels  Channel: a webhook, or whatever apprise knows
courier   Courier: brings messages to one channel, tries again, and never lets anybody wait
service   Alerts: looks once a second
trial     what `livetrio alert --test` does
"""

"""The configuration that ``rushes config init`` writes (pure)."""

from __future__ import annotations

__all__ = ["TEMPLATE"]

TEMPLATE = """\
#:schema ./station.schema.json
# A station: what one machine captures, records, works on and shows.
#
#   rushes up station.toml             run it
#   rushes config check station.toml   find every mistake before that
#   rushes config schema > station.schema.json   have an editor complete and check it
#
# What is commented out shows what can be set, with its usual value or an example. ${NAME} comes from the
# environment, so that no password needs to be in here. Paths are relative to this file.

[station]
# name = "attic"              # what it is called on the network; this machine's name if absent
# data = "rushes-data"        # the folder of recordings and tokens
# keys = "keys"               # for streams and hubs off this machine: rushes keys new DIR

[budget]
memory = "512 MiB"            # the most that the depots of all channels may take
disk = "2 GiB"                # the most that recordings may take; the oldest go first

[web]
bind = "127.0.0.1:8787"       # page and API; any other address needs a token: rushes token add NAME

# [hub]                       # one of the two
# url = "nats://hub:4222"     # join other stations
# bind = "0.0.0.0:4222"       # be the one that others join; off this machine it needs [station] keys

[[channel]]
name = "card"
source = "testcard:1280x720@30"

# [[channel]]
# name = "front"
# source = "rtsp://${CAM_USER}:${CAM_PASS}@camera-front/stream1"
# fps = 15                    # what the camera gives if absent
# when_full = "drop_oldest"   # or "drop_newest", "block", "spill": what becomes of a frame that finds no room
# record = "copy"             # as the camera codes it, which takes next to no work; true codes anew, false: not at all
# record_source = "rtsp://${CAM_USER}:${CAM_PASS}@camera-front/main"   # where "copy" takes it from; source if absent
# keep = "14d"                # its recordings; as long as there is room if absent
# stream = "tcp://127.0.0.1:7700"   # a track of that stream: rushes recv "tcp://127.0.0.1:7700?track=front"
# slots = 16                  # frames its depot holds

# [[channel]]
# name = "desk"
# source = "screen:"
# rect = [0, 0, 1280, 720]    # x, y, width, height
# fps = 10

# [[work]]                    # a function called with each frame of a channel
# name = "people"
# channel = "front"
# call = "mypackage.people:find"    # it gets a Frame; it gives one with figures, or plain data, or None
# workers = 2
# timeout = "2s"
# retries = 1

[archive]
# max_bytes = "20 GiB"        # budget.disk if absent
# max_age = "30d"
min_free = "1 GiB"            # left to others on that disk
# cold = "s3://bucket/station"      # where old recordings move to

[shots]
# folder = "shots"
template = "{channel.name} (%Y.%m.%d %H-%M-%S.%f).jpg"
# pool = 10
# timeout = "10s"
# tries = 2
"""
"""It can be run as it is."""

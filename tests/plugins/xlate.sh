#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# nft takes what iptables-translate makes of -m ctstate2, and lists it as it is.
exec "$(dirname "${BASH_SOURCE[0]}")/../xlate.sh" --nft

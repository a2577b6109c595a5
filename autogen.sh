#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes ./configure from configure.ac and Makefile.am.
cd "$(dirname "$0")" || exit 1
for tool in autoconf automake pkg-config; do
	command -v "$tool" >/dev/null || {
		echo "$0: $tool not found: install the Debian package $tool" >&2
		exit 1
	}
done
exec autoreconf --install --force

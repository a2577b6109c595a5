# SPDX-License-Identifier: GPL-2.0-only
*mangle
:PREROUTING,OUTPUT
-j CTFORGET;=;OK
# connmark would do, too, but iptables-nft of i386 does not find such a rule again on a 64-bit kernel
-p udp --dport 53 -m comment --comment dns -j CTFORGET;-p udp -m udp --dport 53 -m comment --comment dns -j CTFORGET;OK
-m ctstate2 --status DNAT -j CTFORGET;=;OK
# refused
-j CTFORGET --all;;FAIL
-j CTFORGET 1;;FAIL
:INPUT,FORWARD,POSTROUTING
-j CTFORGET;;FAIL

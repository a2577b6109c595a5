# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
# each word
-m ctstate2 --state NEW;=;OK
-m ctstate2 --state ESTABLISHED;=;OK
-m ctstate2 --state RELATED;=;OK
-m ctstate2 --state ESTABLISHED_ORIGINAL;=;OK
-m ctstate2 --state ESTABLISHED_REPLY;=;OK
-m ctstate2 --state RELATED_ORIGINAL;=;OK
-m ctstate2 --state RELATED_REPLY;=;OK
-m ctstate2 --state INVALID;=;OK
-m ctstate2 --state UNTRACKED;=;OK
-m ctstate2 --state SNAT;=;OK
-m ctstate2 --state DNAT;=;OK
-m ctstate2 ! --state NEW;=;OK
-m ctstate2 ! --state ESTABLISHED;=;OK
-m ctstate2 ! --state RELATED;=;OK
-m ctstate2 ! --state ESTABLISHED_ORIGINAL;=;OK
-m ctstate2 ! --state ESTABLISHED_REPLY;=;OK
-m ctstate2 ! --state RELATED_ORIGINAL;=;OK
-m ctstate2 ! --state RELATED_REPLY;=;OK
-m ctstate2 ! --state INVALID;=;OK
-m ctstate2 ! --state UNTRACKED;=;OK
-m ctstate2 ! --state SNAT;=;OK
-m ctstate2 ! --state DNAT;=;OK
# lists, in any order and any case, are saved in one order
-m ctstate2 --state NEW,ESTABLISHED,RELATED;=;OK
-m ctstate2 --state NEW,RELATED,ESTABLISHED;-m ctstate2 --state NEW,ESTABLISHED,RELATED;OK
-m ctstate2 --state ESTABLISHED,NEW,RELATED;-m ctstate2 --state NEW,ESTABLISHED,RELATED;OK
-m ctstate2 --state ESTABLISHED,RELATED,NEW;-m ctstate2 --state NEW,ESTABLISHED,RELATED;OK
-m ctstate2 --state RELATED,NEW,ESTABLISHED;-m ctstate2 --state NEW,ESTABLISHED,RELATED;OK
-m ctstate2 --state RELATED,ESTABLISHED,NEW;-m ctstate2 --state NEW,ESTABLISHED,RELATED;OK
-m ctstate2 --state INVALID,UNTRACKED,SNAT,DNAT;=;OK
-m ctstate2 --state DNAT,SNAT,UNTRACKED,INVALID;-m ctstate2 --state INVALID,UNTRACKED,SNAT,DNAT;OK
-m ctstate2 ! --state NEW,INVALID;=;OK
-m ctstate2 ! --state INVALID,NEW;-m ctstate2 ! --state NEW,INVALID;OK
-m ctstate2 --state new;-m ctstate2 --state NEW;OK
-m ctstate2 --state eStAbLiShEd_RePlY,untracked;-m ctstate2 --state ESTABLISHED_REPLY,UNTRACKED;OK
-m ctstate2 ! --state dnat,Snat;-m ctstate2 ! --state SNAT,DNAT;OK
-m ctstate2 --state=NEW;-m ctstate2 --state NEW;OK
# said twice is said once
-m ctstate2 --state NEW,NEW;-m ctstate2 --state NEW;OK
-m ctstate2 --state NEW,INVALID,new,INVALID;-m ctstate2 --state NEW,INVALID;OK
-m ctstate2 --state ESTABLISHED_REPLY,ESTABLISHED;-m ctstate2 --state ESTABLISHED;OK
-m ctstate2 --state RELATED,RELATED_ORIGINAL,RELATED_REPLY;-m ctstate2 --state RELATED;OK
# both directions are saved as one word, one direction as its own
-m ctstate2 --state ESTABLISHED_ORIGINAL,ESTABLISHED_REPLY;-m ctstate2 --state ESTABLISHED;OK
-m ctstate2 --state ESTABLISHED_REPLY,ESTABLISHED_ORIGINAL;-m ctstate2 --state ESTABLISHED;OK
-m ctstate2 --state RELATED_ORIGINAL,RELATED_REPLY;-m ctstate2 --state RELATED;OK
-m ctstate2 ! --state RELATED_REPLY,RELATED_ORIGINAL;-m ctstate2 ! --state RELATED;OK
-m ctstate2 --state ESTABLISHED_ORIGINAL,RELATED_ORIGINAL;=;OK
-m ctstate2 --state RELATED_REPLY,ESTABLISHED_REPLY;-m ctstate2 --state ESTABLISHED_REPLY,RELATED_REPLY;OK
-m ctstate2 --state ESTABLISHED_ORIGINAL,RELATED;-m ctstate2 --state RELATED,ESTABLISHED_ORIGINAL;OK
-m ctstate2 --state RELATED_REPLY,ESTABLISHED,NEW;-m ctstate2 --state NEW,ESTABLISHED,RELATED_REPLY;OK
# all of them
-m ctstate2 --state NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED,SNAT,DNAT;=;OK
-m ctstate2 ! --state NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED,SNAT,DNAT;=;OK
-m ctstate2 --state DNAT,SNAT,UNTRACKED,INVALID,RELATED_REPLY,RELATED_ORIGINAL,ESTABLISHED_REPLY,ESTABLISHED_ORIGINAL,NEW;-m ctstate2 --state NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED,SNAT,DNAT;OK
# with others, and with itself
-p tcp -m ctstate2 --state NEW -j ACCEPT;=;OK
-m ctstate2 --state ESTABLISHED -m ctstate2 ! --state SNAT;=;OK
# refused
-m ctstate2;;FAIL
-m ctstate2 --state;;FAIL
-m ctstate2 --state "";;FAIL
-m ctstate2 --state ,;;FAIL
-m ctstate2 --state NEW,;;FAIL
-m ctstate2 --state ,NEW;;FAIL
-m ctstate2 --state NEW,,INVALID;;FAIL
-m ctstate2 --state WRONG;;FAIL
-m ctstate2 --state NEW,WRONG;;FAIL
-m ctstate2 --state ESTABLISH;;FAIL
-m ctstate2 --state NEWER;;FAIL
-m ctstate2 --state 1;;FAIL
-m ctstate2 --state NEW, INVALID;;FAIL
-m ctstate2 --state "NEW, INVALID";;FAIL
-m ctstate2 --state ! NEW;;FAIL
-m ctstate2 --state NEW --state INVALID;;FAIL
-m ctstate2 --state NEW ! --state INVALID;;FAIL
*mangle
:PREROUTING,POSTROUTING
-m ctstate2 --state NEW,ESTABLISHED_REPLY;=;OK
-m ctstate2 ! --state INVALID,SNAT;=;OK

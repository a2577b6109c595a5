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
# the other conditions: each word
-m ctstate2 --status NONE;=;OK
-m ctstate2 --status EXPECTED,SEEN_REPLY,ASSURED,CONFIRMED,SNAT,DNAT,SEQ_ADJUST,DYING,FIXED_TIMEOUT,HELPER,OFFLOAD,HW_OFFLOAD;=;OK
-m ctstate2 ! --status hw_offload,Offload,NONE;-m ctstate2 ! --status NONE,OFFLOAD,HW_OFFLOAD;OK
-m ctstate2 --all-status ASSURED,SEEN_REPLY;-m ctstate2 --all-status SEEN_REPLY,ASSURED;OK
-m ctstate2 ! --all-status NONE;=;OK
-m ctstate2 --status SNAT,DNAT ! --all-status ASSURED,HELPER;=;OK
-m ctstate2 --tcp-state NONE,SYN_SENT,SYN_RECV,ESTABLISHED,FIN_WAIT,CLOSE_WAIT,LAST_ACK,TIME_WAIT,CLOSE,SYN_SENT2;=;OK
-p tcp -m ctstate2 ! --tcp-state syn_sent2,established;-p tcp -m ctstate2 ! --tcp-state ESTABLISHED,SYN_SENT2;OK
! -p udp -m ctstate2 --tcp-state CLOSE;=;OK
-m ctstate2 --sctp-state NONE,CLOSED,COOKIE_WAIT,COOKIE_ECHOED,ESTABLISHED,SHUTDOWN_SENT,SHUTDOWN_RECD,SHUTDOWN_ACK_SENT,HEARTBEAT_SENT;=;OK
-p sctp -m ctstate2 ! --sctp-state CLOSED;=;OK
-m ctstate2 --direction ORIGINAL;=;OK
-m ctstate2 --direction reply;-m ctstate2 --direction REPLY;OK
-m ctstate2 ! --direction ORIGINAL;=;OK
-m ctstate2 --expires 10;=;OK
-m ctstate2 --expires 10:10;-m ctstate2 --expires 10;OK
-m ctstate2 --expires 0;=;OK
-m ctstate2 ! --expires 10:20;=;OK
-m ctstate2 --expires 10:;-m ctstate2 --expires 10:4294967295;OK
-m ctstate2 --expires :10;-m ctstate2 --expires 0:10;OK
-m ctstate2 --expires 0:4294967295;=;OK
-m ctstate2 --in-zone 0;=;OK
-m ctstate2 ! --in-zone 65535;=;OK
-m ctstate2 --in-zone 0x10;-m ctstate2 --in-zone 16;OK
-m ctstate2 --offloadable;=;OK
-m ctstate2 ! --offloadable;=;OK
-m ctstate2 --invalid-reason NOT_TRACKED,FRAGMENT,TRUNCATED,CHECKSUM,TCP_FLAGS,TCP_WINDOW,TCP_STATE,TCP_NEW,TCP_RST,ICMP_TYPE,ICMP_UNRELATED,ICMP_MISMATCH,SCTP,OTHER;=;OK
-m ctstate2 ! --invalid-reason icmp_type,tcp_new;-m ctstate2 ! --invalid-reason TCP_NEW,ICMP_TYPE;OK
-m ctstate2 --state INVALID --invalid-reason OTHER;=;OK
-m ctstate2 --in-zone 7 --invalid-reason TCP_WINDOW;-m ctstate2 --invalid-reason TCP_WINDOW --in-zone 7;OK
-m ctstate2 --state INVALID ! --invalid-reason TCP_WINDOW --in-zone 0;=;OK
# all together, in one order
-m ctstate2 --offloadable --in-zone 7 --expires 5:6 --direction REPLY --tcp-state ESTABLISHED --all-status ASSURED,CONFIRMED --status SNAT --state ESTABLISHED;-m ctstate2 --state ESTABLISHED --status SNAT --all-status ASSURED,CONFIRMED --tcp-state ESTABLISHED --direction REPLY --expires 5:6 --in-zone 7 --offloadable;OK
-m ctstate2 ! --state ESTABLISHED ! --status SNAT ! --all-status ASSURED,CONFIRMED ! --sctp-state ESTABLISHED ! --direction REPLY ! --expires 5:6 ! --in-zone 7 ! --offloadable;=;OK
# refused
-m ctstate2 --status;;FAIL
-m ctstate2 --status "";;FAIL
-m ctstate2 --status TEMPLATE;;FAIL
-m ctstate2 --status SRC_NAT_DONE;;FAIL
-m ctstate2 --status ASSURED --status SNAT;;FAIL
-m ctstate2 --all-status NONE,ASSURED;;FAIL
-m ctstate2 --tcp-state LISTEN;;FAIL
-m ctstate2 --tcp-state ESTABLISHED,;;FAIL
-p udp -m ctstate2 --tcp-state ESTABLISHED;;FAIL
-m ctstate2 --tcp-state ESTABLISHED -p udp;;FAIL
-p tcp -m ctstate2 --sctp-state ESTABLISHED;;FAIL
-m ctstate2 ! --sctp-state ESTABLISHED -p tcp;;FAIL
-m ctstate2 --sctp-state SYN_SENT;;FAIL
-m ctstate2 --tcp-state CLOSE --sctp-state CLOSED;;FAIL
-m ctstate2 --direction BOTH;;FAIL
-m ctstate2 --direction ORIGINAL,REPLY;;FAIL
-m ctstate2 --expires 20:10;;FAIL
-m ctstate2 --expires 1:2:3;;FAIL
-m ctstate2 --expires -1;;FAIL
-m ctstate2 --expires 4294967296;;FAIL
-m ctstate2 --expires ten;;FAIL
-m ctstate2 --in-zone 65536;;FAIL
-m ctstate2 --in-zone -1;;FAIL
-m ctstate2 --in-zone 1:2;;FAIL
-m ctstate2 --offloadable yes;;FAIL
-m ctstate2 --offloadable --offloadable;;FAIL
-m ctstate2 --invalid-reason BROKEN;;FAIL
-m ctstate2 --state NEW --invalid-reason OTHER;;FAIL
-m ctstate2 ! --state INVALID --invalid-reason OTHER;;FAIL
-m ctstate2 --state INVALID,UNTRACKED --status ASSURED;;FAIL
-m ctstate2 --state UNTRACKED --in-zone 0;;FAIL
-m ctstate2 --state NEW --direction REPLY;;FAIL
-m ctstate2 --state ESTABLISHED_REPLY ! --direction REPLY;;FAIL
-m ctstate2 ! --status ASSURED --all-status ASSURED,SNAT;;FAIL
-m ctstate2 --invalid-reason OTHER --status NONE;;FAIL
-m ctstate2 --invalid-reason OTHER --direction REPLY;;FAIL
-m ctstate2 --invalid-reason OTHER ! --in-zone 7;;FAIL
-m ctstate2 --invalid-reason OTHER --in-zone 7 --direction REPLY;;FAIL
-m ctstate2 --state INVALID --in-zone 7;;FAIL
-m ctstate2 --invalid-reason OTHER ! --offloadable;;FAIL
*raw
:PREROUTING,OUTPUT
-m ctstate2 --invalid-reason NOT_TRACKED;=;OK
*mangle
:PREROUTING,POSTROUTING
-m ctstate2 --state NEW,ESTABLISHED_REPLY;=;OK
-m ctstate2 ! --state INVALID,SNAT;=;OK

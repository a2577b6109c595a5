/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_EVENTS_H
#define CTFULL_EVENTS_H

#include "report.h"

/**
 * struct events - the events of the netlink family "ctfull"
 * @nl: a socket that events come to
 * @family: the family, while it is there
 * @signals: signals_open()'s
 * @present: xt_ctfull is loaded
 * @needed: nothing is done while it is not, which messages say
 * @next: number of the next event; 0: not known
 */
struct events {
	struct nl nl;
	struct genl_family family;
	int signals;
	bool present, needed;
	uint64_t next;
};

/* What events_wait() has seen */
#define EVENTS_END		1	/* the program is to end */
#define EVENTS_RESYNC		2	/* events were lost, or xt_ctfull came back */

/**
 * event_cb - takes an event
 * @event: the event
 * @lost: how many were lost before it
 * @data: the caller's
 */
typedef void event_cb(const struct report *event, uint64_t lost, void *data);

int events_open(struct events *ev, bool needed);
int events_wait(struct events *ev, int timeout_ms, event_cb *cb, void *data);

#endif /* CTFULL_EVENTS_H */

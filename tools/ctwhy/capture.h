/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTWHY_CAPTURE_H
#define CTWHY_CAPTURE_H

#include <jansson.h>
#include <net/if.h>
#include "../lib/options.h"
#include "nflog.h"
#include "packet.h"
#include "reasons.h"

/**
 * struct event - an INVALID packet
 * @logged: as the kernel logged it
 * @packet: what is in it
 * @reason: why it is INVALID
 * @in: interface by which it came; "": this machine sends it
 * @out: interface by which it leaves; "": it came
 */
struct event {
	const struct logged *logged;
	struct packet packet;
	enum xt_ctstate2_reason reason;
	char in[IFNAMSIZ], out[IFNAMSIZ];
};

/**
 * event_cb - takes a packet
 *
 * Returns whether it wants more.
 */
typedef bool event_cb(const struct event *event, void *data);

/**
 * struct seen - how many packets there were
 * @shown: went to the caller
 * @reasons: of them, by reason
 * @others: were about other addresses or ports
 * @over: were too many in their second, and were not looked at
 * @lost: were logged, and lost on their way
 */
struct seen {
	uint64_t shown, others, over, lost;
	uint64_t reasons[XT_CTSTATE2_REASON_MAX];
};

/* So many options capture_options() adds, with the end of the table */
#define CAPTURE_OPTIONS	7

/* What capture_wait() has seen */
#define CAPTURE_END	1	/* the program is to end, or the caller wants no more */
#define CAPTURE_INPUT	2	/* something can be read from the other descriptor */

void capture_options(struct opt *options, unsigned int rate);
uint16_t capture_zone(void);
void capture_start(bool whole);
int capture_wait(int timeout_ms, int input, event_cb *cb, void *data);
const struct seen *capture_seen(void);
void capture_stop(event_cb *cb, void *data);

json_t *ends_json(const struct ends *ends);
void summary_print(bool as_json);

#endif /* CTWHY_CAPTURE_H */

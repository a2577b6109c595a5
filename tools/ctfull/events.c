// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of the family "ctfull", and of its coming and going: nlctrl tells when
 * xt_ctfull is loaded and unloaded, so that nobody has to ask, which could load it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <linux/genetlink.h>
#include "../lib/program.h"
#include "events.h"

/* Room for bursts */
#define RECEIVE_BUFFER		(1024 * 1024)

static void warn_absent(const struct events *ev, const char *what)
{
	warnx("xt_ctfull %s%s", what, ev->needed ? "; waiting for it" : "");
}

static int join(struct events *ev, const char *name, const char *group,
		struct genl_family *family)
{
	static struct nl nl;	/* where no event comes between */
	int ret;

	ret = nl_open(&nl, NETLINK_GENERIC);
	if (!ret)
		ret = genl_resolve(&nl, name, group, family);
	nl_close(&nl);
	if (!ret && mnl_socket_setsockopt(ev->nl.sock, NETLINK_ADD_MEMBERSHIP, &family->group,
					  sizeof(family->group)))
		/* EINVAL: the group has just gone */
		ret = errno == EINVAL ? -ENOENT : -errno;
	return ret;
}

/* 0 also if there is no xt_ctfull */
static int attach(struct events *ev)
{
	int ret = join(ev, CTFULL_GENL_NAME, CTFULL_GENL_EVENTS, &ev->family);

	if (ret == -ENOENT && ev->present)
		warn_absent(ev, "was unloaded");
	ev->present = !ret;
	return ret == -ENOENT ? 0 : ret;
}

/**
 * events_open - begin to listen
 * @ev: where to
 * @needed: to wait for xt_ctfull if it is not loaded; a message says either
 *
 * From then on signals come by events_wait(), see signals_open(). Returns 0, also if
 * xt_ctfull is not loaded, or a negative errno: see report_error(). The program is
 * to end then.
 */
int events_open(struct events *ev, bool needed)
{
	struct genl_family control;
	int size = RECEIVE_BUFFER;
	int ret, fd;

	memset(ev, 0, sizeof(*ev));
	ev->needed = needed;
	ev->signals = signals_open();
	if (ev->signals < 0)
		return ev->signals;
	ret = nl_open(&ev->nl, NETLINK_GENERIC);
	if (ret)
		return ret;
	fd = mnl_socket_get_fd(ev->nl.sock);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	/* Without it, more bursts are lost */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	ret = join(ev, "nlctrl", "notify", &control);
	if (!ret)
		ret = attach(ev);
	if (!ret && !ev->present)
		warn_absent(ev, "is not loaded");
	return ret;
}

static bool is_ctfull(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME &&
		    !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
			return !strcmp(mnl_attr_get_str(attr), CTFULL_GENL_NAME);
	return false;
}

static int on_load_or_unload(struct events *ev, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(nlh);
	int ret;

	if ((header->cmd != CTRL_CMD_NEWFAMILY && header->cmd != CTRL_CMD_DELFAMILY) ||
	    !is_ctfull(nlh))
		return 0;
	if (header->cmd == CTRL_CMD_DELFAMILY) {
		if (ev->present)
			warn_absent(ev, "was unloaded");
		ev->present = false;
		return 0;
	}
	/* Loaded just before events_open() found it: no event is lost that it was to see. */
	if (ev->present)
		return 0;
	ret = attach(ev);
	if (ret || !ev->present)
		return ret;
	warnx("xt_ctfull is loaded");
	ev->next = 1;
	return EVENTS_RESYNC;
}

static void on_event(struct events *ev, const struct nlmsghdr *nlh, event_cb *cb, void *data)
{
	struct report report;
	uint64_t lost = 0;

	report_parse(nlh, &report);
	if (report.cmd != CTFULL_CMD_LEVEL && report.cmd != CTFULL_CMD_REFUSED)
		return;
	if (report.seq) {
		/* Reloaded, and what told of it was lost */
		if (report.seq < ev->next)
			ev->next = 1;
		if (ev->next)
			lost = report.seq - ev->next;
		ev->next = report.seq + 1;
	}
	cb(&report, lost, data);
}

/* Reads all that has come: bits EVENTS_* or a negative errno */
static int read_events(struct events *ev, event_cb *cb, void *data)
{
	const struct nlmsghdr *nlh;
	int len, ret, seen = 0;
	ssize_t got;

	for (;;) {
		got = mnl_socket_recvfrom(ev->nl.sock, ev->nl.buf, sizeof(ev->nl.buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return seen;
		if (got < 0 && errno == ENOBUFS) {
			/* Events are gone, and maybe word of a reload */
			ret = attach(ev);
			if (ret)
				return ret;
			seen |= EVENTS_RESYNC;
			continue;
		}
		if (got < 0)
			return -errno;
		len = got;
		for (nlh = (const void *)ev->nl.buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (mnl_nlmsg_get_payload_len(nlh) < GENL_HDRLEN)
				continue;
			if (nlh->nlmsg_type == GENL_ID_CTRL) {
				ret = on_load_or_unload(ev, nlh);
				if (ret < 0)
					return ret;
				seen |= ret;
			} else if (ev->present && nlh->nlmsg_type == ev->family.id) {
				on_event(ev, nlh, cb, data);
			}
		}
	}
}

/**
 * events_wait - wait for events or signals
 * @ev: events_open()'s
 * @timeout_ms: so long at most, in milliseconds; -1: for ever
 * @cb: takes each event
 * @data: for @cb
 *
 * Returns bits EVENTS_*, or a negative errno: see report_error().
 */
int events_wait(struct events *ev, int timeout_ms, event_cb *cb, void *data)
{
	struct pollfd fds[] = {
		{ .fd = mnl_socket_get_fd(ev->nl.sock), .events = POLLIN },
		{ .fd = ev->signals, .events = POLLIN },
	};

	if (poll(fds, 2, timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents && signals_end(ev->signals))
		return EVENTS_END;
	return fds[0].revents ? read_events(ev, cb, data) : 0;
}

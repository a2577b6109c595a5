/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XT_CTFULL_GENL_H
#define _XT_CTFULL_GENL_H

/* Register and unregister the generic netlink family. Process context. */
int ctfull_genl_init(void);
void ctfull_genl_exit(void);

#endif /* _XT_CTFULL_GENL_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another host over ssh; see remote.h. */
#include "client/bus/remote.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/base/escape.h"

/*
 * The characters of a host or user: names and addresses, without special characters of a shell or
 * ssh.
 */
#define HOST_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-"
#define HOST_MAX        320 /* bytes: the longest user, and the longest name that DNS has */

static struct {
	char *host; /* NULL: this host */
	GArray *exports; /* GPid, of exports that end by themselves */
} remote;

/* One part of [USER@]HOST. */
static bool is_name(const char *text, size_t length)
{
	return length > 0 && *text != '-' && strspn(text, HOST_CHARACTERS) >= length;
}

int remote_set(const char *host, char **ret_reason)
{
	const char *at = strchr(host, '@'), *name = at ? at + 1 : host;
	g_autofree char *escaped = NULL;

	if (strlen(host) <= HOST_MAX && is_name(name, strlen(name)) &&
		(!at || is_name(host, (size_t)(at - host)))) {
		g_free(remote.host);
		remote.host = g_strdup(host);
		return 0;
	}
	escaped = text_excerpt_dup(host);
	*ret_reason = g_strdup_printf(
		"--host takes [USER@]HOST with the name or IPv4 address of a host, not \"%s\"; "
		"ssh_config(5) can give a name to anything else",
		escaped);
	return -EINVAL;
}

const char *remote_host(void)
{
	return remote.host;
}

static char *export_options(enum remote_export how, const struct journal_position *position)
{
	switch (how) {
	case REMOTE_EXPORT:
		break;
	case REMOTE_FOLLOW:
		return g_strdup(" --follow");
	case REMOTE_FOLLOW_ALL:
		return g_strdup(" --follow --from-start");
	case REMOTE_FOLLOW_AFTER:
		return g_strdup_printf(" --follow --after %" PRIu64 ":%" PRIu64,
			(uint64_t)position->segment, (uint64_t)position->offset);
	}
	return g_strdup("");
}

int remote_open(const char *session, enum remote_export how,
	const struct journal_position *position, int *ret_fd, char **ret_reason)
{
	g_autofree char *options = export_options(how, position);
	g_autofree char *quoted = g_shell_quote(session);
	/* A shell reads it on the other side. */
	g_autofree char *command = g_strdup_printf("nfttracectl export%s -- %s", options, quoted);
	char *arguments[] = { (char *)"ssh", (char *)"-xT", (char *)"--", remote.host, command,
		NULL };
	g_autoptr(GError) error = NULL;
	GPid pid;

	if (!g_spawn_async_with_pipes(NULL, arguments, NULL,
		    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, ret_fd,
		    NULL, &error)) {
		*ret_reason = g_strdup_printf("ssh can't be run: %s", error->message);
		return -ENOENT;
	}
	if (how == REMOTE_EXPORT) {
		if (!remote.exports)
			remote.exports = g_array_new(FALSE, FALSE, sizeof(GPid));
		g_array_append_val(remote.exports, pid);
	}
	return 0;
}

char *remote_finish(void)
{
	char *reason = NULL;

	for (unsigned int i = 0; remote.exports && i < remote.exports->len; i++) {
		int status;

		if (waitpid(g_array_index(remote.exports, GPid, i), &status, 0) < 0 || status == 0)
			continue;
		g_free(reason);
		reason = g_strdup_printf("the export on %s failed (%s %d): what it wrote may be "
					 "incomplete",
			remote.host, WIFEXITED(status) ? "exit status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	}
	g_clear_pointer(&remote.exports, g_array_unref);
	return reason;
}

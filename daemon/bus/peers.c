/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The private socket: connections of root that bypass the bus, so that root reaches the daemon when
 * there is no bus, or others keep the bus busy. They have the same objects as the bus, without
 * signals, and are served before it. Each connection is a peer; the kernel says that it is root's.
 * Owned by struct bus, on the control thread.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/bus/binding.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/credentials.h"
#include "journal/base/cleanup.h"

#define PATH_DEFAULT "/run/nfttraced/private"

/* Connections at a time; further ones are closed, and their clients use the bus. */
#define PEERS_MAX    256
#define PEERS_QUEUED 64 /* connections that are not accepted yet */
/* Messages that a peer has not read; above it the peer is disconnected. */
#define PEER_QUEUE_MAX 64

struct peers {
	struct bus *bus;
	char *path;
	int fd;
	struct stat status; /* of our socket */
	sd_event_source *listen;
	GPtrArray *connections; /* of sd_bus, owned */
};

static void connection_free(void *data)
{
	sd_bus *connection = data;

	sd_bus_detach_event(connection);
	sd_bus_close(connection);
	sd_bus_unref(connection);
}

/* A peer that does not read gets no error either. */
static int check_peer(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	sd_bus *connection = sd_bus_message_get_bus(message);
	struct bus *bus = userdata;
	uint64_t queued = 0;

	if (sd_bus_get_n_queued_write(connection, &queued) >= 0 && queued > PEER_QUEUE_MAX) {
		log_warning("process %d does not read its replies on the private socket: "
			    "disconnecting it",
			(int)credentials_peer_pid(connection));
		/* sd_bus_close() would not report that the peer is disconnected. */
		shutdown(sd_bus_get_fd(connection), SHUT_RDWR);
		return 1;
	}
	return bus_check_root(bus, message, error);
}

static int on_peer_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	sd_bus *connection = sd_bus_message_get_bus(message);
	struct bus *bus = userdata;

	binding_peer_left(bus, connection);
	g_ptr_array_remove_fast(bus->peers->connections, connection);
	return 1;
}

static int peer_start(struct bus *bus, sd_bus *connection, int fd)
{
	sd_id128_t id;
	int r = sd_bus_set_fd(connection, fd, fd);

	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_id128_randomize(&id);
	if (r >= 0)
		r = sd_bus_set_server(connection, 1, id);
	if (r >= 0)
		r = bus_serve_objects(bus, connection, check_peer, on_peer_disconnected);
	if (r >= 0)
		r = sd_bus_start(connection);
	return r < 0 ? r : sd_bus_attach_event(connection, bus->event, BUS_PRIORITY_PRIVATE);
}

/* Takes over `fd`. */
static int peer_new(struct bus *bus, int fd)
{
	struct peers *peers = bus->peers;
	struct ucred credentials;
	sd_bus *connection = NULL;
	int r = credentials_of_peer(fd, &credentials);

	if (r >= 0 && credentials.uid != 0)
		r = -EACCES;
	if (r >= 0 && peers->connections->len >= PEERS_MAX)
		r = -EUSERS;
	if (r >= 0)
		r = sd_bus_new(&connection);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = peer_start(bus, connection, fd);
	if (r < 0) {
		connection_free(connection);
		return r;
	}
	g_ptr_array_add(peers->connections, connection);
	return 0;
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t events, void *userdata)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int r = fd < 0 ? -errno : peer_new(userdata, fd);

	if (r < 0 && r != -EAGAIN && r != -ECONNABORTED)
		log_debug("a connection to the private socket failed: %s", g_strerror(-r));
	return 0;
}

static int fill_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return g_strlcpy(ret->sun_path, path, sizeof(ret->sun_path)) < sizeof(ret->sun_path)
		? 0
		: -ENAMETOOLONG;
}

/* Removes the socket of a daemon that died. -EADDRINUSE if a daemon listens on it. */
static int remove_stale(const struct sockaddr_un *address)
{
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno == ENOENT)
		return 0;
	return g_unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int listen_at(struct peers *peers)
{
	g_autofree char *directory = g_path_get_dirname(peers->path);
	struct sockaddr_un address;
	int r = fill_address(peers->path, &address);

	if (r >= 0 && g_mkdir(directory, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r >= 0)
		r = remove_stale(&address);
	if (r < 0)
		return r;
	peers->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* No process can connect before listen(), and by then only root may. */
	if (peers->fd < 0 ||
		bind(peers->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		chmod(peers->path, 0600) < 0 || stat(peers->path, &peers->status) < 0 ||
		listen(peers->fd, PEERS_QUEUED) < 0)
		return -errno;
	return sd_event_add_io(
		peers->bus->event, &peers->listen, peers->fd, EPOLLIN, on_connection, peers->bus);
}

static struct peers *peers_free(struct peers *peers)
{
	struct stat status;

	if (!peers)
		return NULL;
	g_ptr_array_unref(peers->connections);
	sd_event_source_disable_unref(peers->listen);
	/* By now it may be the socket of the next daemon. */
	if (peers->status.st_ino && stat(peers->path, &status) == 0 &&
		status.st_ino == peers->status.st_ino && status.st_dev == peers->status.st_dev)
		g_unlink(peers->path);
	fd_close(&peers->fd);
	g_free(peers->path);
	g_free(peers);
	return NULL;
}

void bus_peers_open(struct bus *bus)
{
	const char *path = getenv("NFTTRACED_PRIVATE_SOCKET");
	struct peers *peers;
	int r;

	/* A daemon on another bus has no private socket unless one is set for it. */
	if (!path && getenv("DBUS_SYSTEM_BUS_ADDRESS"))
		return;
	peers = g_new0(struct peers, 1);
	peers->bus = bus;
	peers->path = g_strdup(path ? path : PATH_DEFAULT);
	peers->fd = -1;
	peers->connections = g_ptr_array_new_with_free_func(connection_free);
	r = listen_at(peers);
	if (r >= 0)
		r = sd_event_source_set_priority(peers->listen, BUS_PRIORITY_PRIVATE);
	if (r < 0) {
		log_warning("no private socket at %s (%s): root's nfttracectl uses the system bus",
			peers->path, g_strerror(-r));
		peers_free(peers);
		return;
	}
	bus->peers = peers;
}

/* Does not flush: replies are written at once unless a peer does not read, which is not
 * waited for. */
void bus_peers_close(struct bus *bus)
{
	bus->peers = peers_free(bus->peers);
}

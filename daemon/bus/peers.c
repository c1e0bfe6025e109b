/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The private socket: root's way to the daemon that goes through no bus, so that nothing that others do to the
 * bus, and no bus at all, keeps root from it. It has the objects of the bus, without signals, and is served
 * before the bus. Each connection is a peer's; the kernel says that it is root.
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

/* Connections at a time, all of them root's; those beyond are closed, and their clients use the bus. */
#define PEERS_MAX    256
#define PEERS_QUEUED 64 /* that are not accepted yet */
/* Messages for a peer that does not read them; it is left alone beyond that. */
#define PEER_QUEUE_MAX 64

struct peers {
	struct bus *bus;
	char *path;
	int fd;
	struct stat status; /* of the socket that is ours */
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

/* The peer is not told: it does not listen. */
static int check_peer(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	sd_bus *connection = sd_bus_message_get_bus(message);
	struct bus *bus = userdata;
	uint64_t queued = 0;

	if (sd_bus_get_n_queued_write(connection, &queued) >= 0 && queued > PEER_QUEUE_MAX) {
		log_warning(
			"process %d does not read what it asks for on the private socket: it is "
			"disconnected",
			(int)credentials_peer_pid(connection));
		sd_bus_close(connection);
		return 1;
	}
	return bus_check_root(bus, message, error);
}

static int on_peer_gone(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	sd_bus *connection = sd_bus_message_get_bus(message);
	struct bus *bus = userdata;

	binding_peer_gone(bus, connection);
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
		r = bus_serve_objects(bus, connection, check_peer, on_peer_gone);
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

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return g_strlcpy(ret->sun_path, path, sizeof(ret->sun_path)) < sizeof(ret->sun_path)
		? 0
		: -ENAMETOOLONG;
}

/* The socket of a daemon that is there is not ours to take; that of one that died is. */
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
	int r = address_of(peers->path, &address);

	if (r >= 0 && g_mkdir(directory, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r >= 0)
		r = remove_stale(&address);
	if (r < 0)
		return r;
	peers->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody can connect before it listens, and by then it is root's alone. */
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
	/* A daemon that came after us may have its own there. */
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

	/* A bus of one's own has a socket of its own, if any. */
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

/* What is still to be written is small, and fits: peers that do not read are not waited for. */
void bus_peers_close(struct bus *bus)
{
	bus->peers = peers_free(bus->peers);
}

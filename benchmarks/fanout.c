/* The limit: a chat that does nothing but pass lines on, as fast as one core and this kernel allow.
 *
 * In each turn it reads all sockets, joins the lines of each room, and sends them to each member once, without the
 * member's own. It knows names, /join and /who, stores nothing, checks nothing, and trusts everybody.
 *
 *     fanout 12345
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { EVENTS = 1024, CHUNK = 1 << 16, MOST_UNSENT = 1 << 18, MOST_ROOMS = 1 << 14 };

struct bytes { char *data; size_t size, space; };

struct member {
    int fd;
    char name[40];
    struct room *room;
    size_t place;        /* in the room */
    struct bytes half;   /* the beginning of a line */
    struct bytes unsent;
    size_t since;        /* how much of this turn's text it has had */
    bool spoke;          /* some of this turn's text is its own */
    bool asked;          /* wants the list of members */
};

struct news { struct member *from; size_t end; };

struct room {
    char name[40];
    struct member **members;
    size_t count, space;
    struct bytes text;   /* what was said in this turn */
    struct news *news;
    size_t news_count, news_space;
    bool awake;
    struct room *next;
};

static struct room *rooms;
static struct room *awake[MOST_ROOMS];   /* rooms in which something happened this turn */
static size_t awake_count;
static int epoll;

static void *grow(void *array, size_t each, size_t needed, size_t *space) {
    if (needed <= *space) return array;
    *space = needed * 2;
    return realloc(array, *space * each);
}

static void append(struct bytes *b, const char *data, size_t size) {
    b->data = grow(b->data, 1, b->size + size, &b->space);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void await_writing(struct member *m, bool wanted) {
    struct epoll_event e = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = m};
    epoll_ctl(epoll, EPOLL_CTL_MOD, m->fd, &e);
}

/* Send now what the socket takes. A member with too much unsent misses what comes. */
static void give(struct member *m, const char *data, size_t size) {
    ssize_t n = 0;
    if (!m->unsent.size) n = send(m->fd, data, size, MSG_NOSIGNAL);
    if (n < 0) n = 0;
    if ((size_t)n == size || m->unsent.size > MOST_UNSENT) return;
    if (!m->unsent.size) await_writing(m, true);
    append(&m->unsent, data + n, size - n);
}

static void give_rest(struct member *m) {
    ssize_t n = send(m->fd, m->unsent.data, m->unsent.size, MSG_NOSIGNAL);
    if (n > 0) memmove(m->unsent.data, m->unsent.data + n, m->unsent.size -= n);
    if (!m->unsent.size) await_writing(m, false);
}

/* Give a member what was said in this turn since it came, or since the turn began. */
static void catch_up(struct member *m) {
    struct room *room = m->room;
    size_t start = m->since;
    m->since = room->text.size;
    if (!m->spoke) {
        if (start < m->since) give(m, room->text.data + start, m->since - start);
        return;
    }
    struct bytes others = {0};
    for (struct news *n = room->news; n < room->news + room->news_count; n++) {
        if (n->end <= start) continue;
        if (n->from != m) append(&others, room->text.data + start, n->end - start);
        start = n->end;
    }
    if (others.size) give(m, others.data, others.size);
    free(others.data);
    m->spoke = false;
}

static void list(struct room *room, struct bytes *names) {
    append(names, "* In #", 6);
    append(names, room->name, strlen(room->name));
    for (size_t i = 0; i < room->count; i++) {
        append(names, i ? ", " : ": ", 2);
        append(names, room->members[i]->name, strlen(room->members[i]->name));
    }
    append(names, "\r\n", 2);
}

static void end_turn(struct room *room) {
    struct bytes names = {0};
    for (size_t i = 0; i < room->count; i++) {
        struct member *m = room->members[i];
        catch_up(m);
        m->since = 0;
        if (!m->asked) continue;
        if (!names.size) list(room, &names);
        give(m, names.data, names.size);
        m->asked = false;
    }
    free(names.data);
    room->text.size = room->news_count = 0;
    room->awake = false;
}

static void wake(struct room *room) {
    if (!room->awake) awake[awake_count++] = room;
    room->awake = true;
}

static void publish(struct room *room, struct member *from, const char *head, const char *text, size_t size) {
    wake(room);
    append(&room->text, head, strlen(head));
    append(&room->text, text, size);
    append(&room->text, "\r\n", 2);
    room->news = grow(room->news, sizeof *room->news, room->news_count + 1, &room->news_space);
    room->news[room->news_count++] = (struct news){from, room->text.size};
    from->spoke = true;
}

static void leave(struct member *m) {
    if (!m->room) return;
    catch_up(m);
    m->room->members[m->place] = m->room->members[--m->room->count];
    m->room->members[m->place]->place = m->place;
    m->room = NULL;
}

static void join(struct member *m, const char *name) {
    char line[200];
    struct room *room = rooms;
    leave(m);
    while (room && strcmp(room->name, name)) room = room->next;
    if (!room) {
        room = calloc(1, sizeof *room);
        strncpy(room->name, name, sizeof room->name - 1);
        room->next = rooms;
        rooms = room;
    }
    publish(room, m, "* ", line, sprintf(line, "%s joined.", m->name));
    m->room = room;
    m->since = room->text.size;
    m->place = room->count;
    room->members = grow(room->members, sizeof *room->members, room->count + 1, &room->space);
    room->members[room->count++] = m;
    give(m, line, sprintf(line, "* You are %s, in #%s with %zu others.\r\n", m->name, name, room->count - 1));
}

static void hear(struct member *m, char *line, size_t size) {
    char head[50];
    if (size && line[size - 1] == '\r') size--;
    line[size] = 0;
    if (!m->room) {
        strncpy(m->name, line, sizeof m->name - 1);
        join(m, "lobby");
    } else if (!strncmp(line, "/join ", 6)) join(m, line + 6);
    else if (!strcmp(line, "/who")) {
        m->asked = true;
        wake(m->room);
    } else if (size) {
        sprintf(head, "%s: ", m->name);
        publish(m->room, m, head, line, size);
    }
}

static void receive(struct member *m) {
    static char buffer[CHUNK];
    ssize_t n = recv(m->fd, buffer, CHUNK, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        leave(m);
        close(m->fd);
        free(m->half.data);
        free(m->unsent.data);
        free(m);
        return;
    }
    append(&m->half, buffer, n);
    char *line = m->half.data, *end = m->half.data + m->half.size, *newline;
    while ((newline = memchr(line, '\n', end - line))) {
        hear(m, line, newline - line);
        line = newline + 1;
    }
    m->half.size = end - line;
    memmove(m->half.data, line, m->half.size);
}

static void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        struct member *m = calloc(1, sizeof *m);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = m};
        int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        m->fd = fd;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
        give(m, "* Welcome.\r\n", 12);
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[argc - 1]))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("fanout");
        return 1;
    }
    epoll = epoll_create1(0);
    struct epoll_event events[EVENTS], e = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct member *m = events[i].data.ptr;
            if (!m) accept_all(listener);
            else if (events[i].events & EPOLLOUT && m->unsent.size) give_rest(m);
            else receive(m);
        }
        while (awake_count) end_turn(awake[--awake_count]);
    }
}

/*
 * The depot's lease, publish and reclaim handshake as a model for Spin.  `check`, beside this file, runs it.
 *
 * What is modelled.  Every shared word (tag, lease counter, owner mark, next sequence, head) is read and written in a
 * step of its own, in sequentially consistent order, and a process may die before any step.  Two things the kernel
 * gives are taken as true: the robust mutex (a lock whose holder died goes to the next locker, with a notice) and the
 * liveness lock of a row (an OFD lock, dropped at the instant of death and never before).
 *
 * What is not.  Weaker memory orders: the code must use seq_cst where the model has a step.  Time, futexes, policies:
 * the victim is any slot, so every policy's choice is among those explored; a put that finds no slot gives up here.
 *
 * Where the model allows more than the code does: a newcomer may take a dead one's row that nobody has freed yet, which
 * makes the incarnation in an owner mark the only proof; the code frees such a row first, and its slots before it.
 *
 * Three processes over two rows and two slots: a reader (or a second writer), a writer, and a newcomer that takes a
 * dead one's row and then reads or writes.
 *
 * Properties, all of them assertions, plus Spin's own search for deadlocks:
 *   P1  while a lease is held the slot's bytes are those of the leased sequence
 *   P2  published sequences rise without gaps, over every death
 *   P3  a slot being written has one live owner
 *   P4  after a reclaim pass, if nobody died meanwhile, no slot is PROBING or being written by a dead process, no dead
 *       row has a lease, and head and next agree with what was published
 *
 * -DBROKEN_… leaves one rule out; each must be found out, else the model proves nothing.
 */
#define SLOTS  2
#define ROWS   2
#define NOBODY 255
#define MUD    255                      /* bytes being written */

#ifndef FRAMES
#define FRAMES 3
#endif
#ifndef DEATHS
#define DEATHS 2
#endif

#define FREE    0
#define WRITING 1
#define READY   2
#define PROBING 3
#define TAG(seq, state) (((seq) << 2) | (state))
#define BLANK   TAG(0, FREE)            /* a free slot names no sequence */
#define SEQ(t)   ((t) >> 2)
#define STATE(t) ((t) & 3)

/* An owner mark: the row, and which of the row's owners.  Two words in the code, both written before a tag says so. */
#ifdef BROKEN_NO_INCARNATION
#define MARK(row)      (row)
#define OWNED_ALIVE(m) (ALIVE(m))
#else
#define MARK(row)      ((incarnation[row] << 1) | (row))
#define OWNED_ALIVE(m) (incarnation[(m) & 1] == ((m) >> 1) && ALIVE((m) & 1))
#endif

#define LEASE(slot, row) lease[(slot) * ROWS + (row)]
#define ALIVE(row)       (holder[row] != NOBODY && !dead[holder[row]])

/* Shared memory. */
byte tag[SLOTS];
byte owner[SLOTS];
byte lease[SLOTS * ROWS];
byte next;                              /* the sequence the next frame gets */
byte head;                              /* last published sequence + 1 */
bool used[ROWS];
byte incarnation[ROWS];
byte low[SLOTS], high[SLOTS];           /* a frame's two halves, so that a torn one shows */

/* The kernel's side. */
bool dead[3];
byte holder[ROWS];                      /* whose liveness lock is on the row */
byte mutex;                             /* 0, or the locker's number + 1; a dead locker's stays until it is taken over */

/* What really happened, for the assertions alone. */
byte deaths;
bool calm;                              /* nobody died since the reclaim pass under way began */
byte published;
byte writer[SLOTS];

#define UNTIDY    (used[0] && !ALIVE(0) || used[1] && !ALIVE(1) || STATE(tag[0]) == WRITING || STATE(tag[1]) == WRITING)
#define MENDED(k) (STATE(tag[k]) != PROBING && (STATE(tag[k]) != WRITING || !dead[writer[k]]))
#define LEASED(k) (LEASE(k, 0) != 0 || LEASE(k, 1) != 0)
#define EMPTY(r)  (ALIVE(r) || (LEASE(0, r) == 0 && LEASE(1, r) == 0))

/* What no rule looks at any more is blanked, so that states which differ in nothing else count as one. */
inline forget(k) { owner[k] = 0; writer[k] = 0; low[k] = 0; high[k] = 0 }

inline lock() { atomic { (mutex == 0 || dead[mutex - 1]) -> owner_died = (mutex != 0); mutex = me + 1 } }
inline unlock() { atomic { mutex = 0; owner_died = false } }

inline mend_slot(k) {
    if
    :: atomic { STATE(tag[k]) == PROBING -> tag[k] = TAG(SEQ(tag[k]), READY) }
    :: atomic { STATE(tag[k]) == WRITING && !OWNED_ALIVE(owner[k]) -> tag[k] = BLANK; forget(k) }
    :: atomic { else }
    fi
}

/* The row comes free last: until then, should this process die half way, the next one finds the dead row again. */
inline mend_row(r) {
    if
    :: used[r] && !ALIVE(r) ->
#ifdef BROKEN_RECLAIM_OUTSIDE
        wipe = r;
#else
        LEASE(0, r) = 0;
        LEASE(1, r) = 0;
#endif
        incarnation[r]++;
        used[r] = false
    :: atomic { else }
    fi
}

/* The caller has the mutex. */
inline reclaim() {
    calm = true;
    mend_slot(0);
    mend_slot(1);
#ifndef BROKEN_NO_SEQUENCE_REPAIR
    d_step {
        if :: STATE(tag[0]) == READY && SEQ(tag[0]) >= next -> next = SEQ(tag[0]) + 1 :: else fi;
        if :: STATE(tag[1]) == READY && SEQ(tag[1]) >= next -> next = SEQ(tag[1]) + 1 :: else fi };
    head = next;
#endif
    mend_row(0);
    mend_row(1);
    d_step {
        assert(!calm || (next == published && head == published));                      /* P4 */
        assert(!calm || (MENDED(0) && MENDED(1)));
#ifndef BROKEN_RECLAIM_OUTSIDE
        assert(!calm || (EMPTY(0) && EMPTY(1)));
#endif
        calm = false }
}

/* A lock whose holder died is made consistent before anything else is done with it. */
inline lock_and_mend() {
    lock();
    if
    :: owner_died -> reclaim()
    :: atomic { else }
    fi
}

/* It wipes the row's leases; the slots of the row's last owner stay as they are. */
inline attach() {
    lock_and_mend();
    if
    :: atomic { !ALIVE(0) -> row = 0; holder[0] = me }
    :: atomic { !ALIVE(1) -> row = 1; holder[1] = me }
    fi;
    LEASE(0, row) = 0;
    LEASE(1, row) = 0;
    incarnation[row]++;
    used[row] = true;
    unlock()
}

/* One look at the bytes, at the end, is enough: what has been overwritten never becomes right again. */
inline read_one() {
    LEASE(s, row)++;
    if
#ifdef BROKEN_NO_RECHECK
    :: true ->
#else
    :: tag[s] == t ->
#endif
        assert(low[s] == SEQ(t) && high[s] == SEQ(t))                                   /* P1 */
    :: else
    fi;
    atomic { LEASE(s, row)--; s = 0; t = 0 }
}

/* Ends with s == NOBODY if the slot tried was not to be had. */
inline claim() {
    if
    :: atomic { STATE(tag[0]) != WRITING -> s = 0; t = tag[0] }
    :: atomic { STATE(tag[1]) != WRITING -> s = 1; t = tag[1] }
    :: atomic { else -> s = NOBODY }
    fi;
    if
    :: atomic { s == NOBODY }
    :: atomic { else -> if :: STATE(t) == READY -> tag[s] = TAG(SEQ(t), PROBING) :: else fi };
        if
#ifndef BROKEN_NO_LEASE_CHECK
        :: LEASE(s, 0) != 0 -> atomic { tag[s] = t; s = NOBODY }
#endif
        :: atomic { else };
            if
#ifndef BROKEN_NO_LEASE_CHECK
            :: LEASE(s, 1) != 0 -> atomic { tag[s] = t; s = NOBODY }
#endif
            :: atomic { else };
                owner[s] = MARK(row);
                d_step { tag[s] = TAG(SEQ(t), WRITING); writer[s] = me }
            fi
        fi
    fi;
    t = 0
}

/* Publishing gives the bytes their meaning: from here on they must stay what they are. */
inline publish() {
    d_step {
        assert(next == published);                                                      /* P2 */
        published++;
        low[s] = next; high[s] = next; tag[s] = TAG(next, READY);
        owner[s] = 0; writer[s] = 0 };
    next++;
    head = next
}

/* A frame may be cleared under a lease: the slot is free then, and still the reader's to look at. */
inline clear_one() {
    lock_and_mend();
    if
    :: d_step { STATE(tag[0]) == READY -> tag[0] = BLANK; if :: !LEASED(0) -> forget(0) :: else fi }
    :: d_step { STATE(tag[1]) == READY -> tag[1] = BLANK; if :: !LEASED(1) -> forget(1) :: else fi }
    :: atomic { else }
    fi;
    unlock()
}

inline write_one() {
    lock_and_mend();
    if
    :: true
    :: UNTIDY && !owner_died -> reclaim()
    fi;
#ifdef BROKEN_RECLAIM_OUTSIDE
    if
    :: wipe != NOBODY ->
        unlock(); LEASE(0, wipe) = 0; LEASE(1, wipe) = 0; wipe = NOBODY; lock_and_mend()
    :: else
    fi;
#endif
    claim();
    unlock();
    if
    :: atomic { s == NOBODY -> s = 0 }
    :: atomic { else };
        low[s] = MUD;
        high[s] = MUD;
        lock_and_mend();
        assert(STATE(tag[s]) == WRITING && owner[s] == MARK(row) && writer[s] == me);   /* P3 */
        if
        :: publish()
        :: d_step { tag[s] = BLANK; forget(s) }                                         /* a loan given back */
        fi;
        s = 0;
        unlock()
    fi
}

proctype participant(byte me; byte row; bool reads) {
    byte s, t;
    bool owner_died;
#ifdef BROKEN_RECLAIM_OUTSIDE
    byte wipe = NOBODY;
#endif
    {
        if
        :: row == NOBODY ->
end_wait:   (!ALIVE(0) || !ALIVE(1));
            attach();
            if :: reads = true :: reads = false fi
        :: else
        fi;
end_idle:
        do
        :: atomic { reads && STATE(tag[0]) == READY -> s = 0; t = tag[0] }; read_one()
        :: atomic { reads && STATE(tag[1]) == READY -> s = 1; t = tag[1] }; read_one()
        :: !reads && published < FRAMES -> write_one()
        :: !reads && published < FRAMES && published > 0 -> clear_one()
        od
    } unless { d_step { dead[me] -> s = 0; t = 0; row = 0; reads = false; owner_died = false } }
}

proctype death() {
end:
    do
    :: d_step { deaths < DEATHS && !dead[0] -> dead[0] = true; deaths++; calm = false }
    :: d_step { deaths < DEATHS && !dead[1] -> dead[1] = true; deaths++; calm = false }
    :: d_step { deaths < DEATHS && !dead[2] -> dead[2] = true; deaths++; calm = false }
    od
}

init {
    atomic {
        holder[0] = 0; used[0] = true; incarnation[0] = 1;
        holder[1] = 1; used[1] = true; incarnation[1] = 1;
        if :: run participant(0, 0, true) :: run participant(0, 0, false) fi;
        run participant(1, 1, false);
        run participant(2, NOBODY, true);
        run death()
    }
}

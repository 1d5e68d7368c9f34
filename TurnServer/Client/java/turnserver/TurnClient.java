package turnserver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A player of a turn server (PROTOCOL.md): register, pair, load, play. For Android, libGDX and anything else with Java
 * 8; needs nothing but this file. No method blocks: results come to callbacks, on the executor of the options. A lost
 * request is repeated until it is answered or {@link Options#patience} is over.
 */
public final class TurnClient implements AutoCloseable {
    /** The longest turn, in bytes of UTF-8. */
    public static final int TURN_BYTES_MAX = 16384 - 64;

    private static final Pattern TOKEN = Pattern.compile("[!-~&&[^*,]]{1,64}");
    private static final Pattern POOL = Pattern.compile("[!-~&&[^#,]]{1,32}");
    private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\x{80}-\\x{9F},\\p{Cs}]{1,64}");

    private final Sender sender;
    private final Options options;
    private final ExecutorService worker = Executors.newSingleThreadExecutor(TurnClient::daemon);
    private String token;
    private String key;
    private Pairing pairing;

    /** @throws IllegalArgumentException the URL does not begin with http:// or https://, or contains a user name */
    public TurnClient(String url, Options options) {
        this.sender = new Sender(checkedUrl(url), options);
        this.options = options;
    }

    /** Gets a result, or the fault that prevented it; the other is null. */
    public interface Callback<T> {
        void done(T result, Fault fault);
    }

    /** What happens in a game. */
    public interface Listener {
        /** A turn of the partner's, the moment it is made. */
        void onTurn(String turn);

        /** The game is over, after its last turn; not called after quit(). */
        void onEnded(Fault fault);
    }

    /** Sends one request. Called on a thread of the client; may block. */
    public interface Transport {
        /**
         * @return the whole answer, whatever its status
         * @throws IOException there is no answer, or it was cut short
         */
        Answer post(String url, byte[] body, Map<String, String> headers, int timeoutMillis) throws IOException;
    }

    /** An HTTP answer; the names of its headers are in lower case. */
    public static final class Answer {
        final int status;
        final Map<String, String> headers;
        final String body;

        public Answer(int status, Map<String, String> headers, String body) {
            this.status = status;
            this.headers = headers;
            this.body = body;
        }
    }

    /** Timeouts and intervals, in milliseconds; the defaults suit a phone. */
    public static final class Options {
        /** How long the server may hold a reply without news, rounded down to whole seconds; 0: never. */
        public long wait = 15_000;
        /** How often to ask, if the server does not hold replies. */
        public long pollInterval = 1_000;
        /** How long a seat sends nothing while it neither waits for turns nor has any to send. */
        public long keepAlive = 5_000;
        /** How long until a request counts as lost, in addition to the time it may be held. */
        public long replyTimeout = 5_000;
        /** How long to repeat a lost request. */
        public long patience = 30_000;
        /** The pause before the second repetition; each further one is twice as long. The first is immediate. */
        public long firstPause = 50;
        public long longestPause = 2_000;
        /**
         * Whether the app stores save() after each turn that it has read, and then calls saved(): turns that no saved
         * game has are not acknowledged, so that an app which is killed at any moment misses none.
         */
        public boolean savesEachTurn;
        /** Runs the callbacks; on Android {@code new Handler(Looper.getMainLooper())::post}. */
        public Executor callbacks = Runnable::run;
        public Transport transport = new UrlTransport();
        /** Draws tokens. */
        public Random random = new SecureRandom();

        // The header Prefer has whole seconds.
        long heldWait() {
            return wait / 1_000 * 1_000;
        }
    }

    /** Faults, by what a player can do about them. */
    public enum Kind {
        /** No answer within the patience. */
        UNREACHABLE,
        /** The reply is not from a turn server: check the URL. */
        NOT_TURN_SERVER,
        /** The server will never take this: correct the name or the request. */
        INVALID_REQUEST,
        /** The server has no room for more players or games: register again later. */
        SERVER_FULL,
        /** The server was busy, or this address over its rate limit, for all of the patience. */
        SERVER_BUSY,
        /** The registration is gone: register again. */
        REGISTRATION_GONE,
        /** The partner left before the game; this player still waits: pair again. */
        PARTNER_LEFT_EARLY,
        /** The partner has left; everything that it sent before has been received. */
        PARTNER_LEFT,
        /** The server no longer has this player's seat: register again for another game. */
        SEAT_GONE,
        /** Client and server disagree about the counter: one of them has a bug, or two clients share a seat. */
        OUT_OF_STEP,
    }

    /** Why a call failed, or why a game is over. */
    public static final class Fault {
        public final Kind kind;
        /** For users, without a full stop. */
        public final String meaning;
        /** The server's error code; 0: the fault does not come from the server. */
        public final int error;
        /** The detail of the server's error; null: none. */
        public final Integer detail;

        Fault(Kind kind, String meaning) {
            this(kind, meaning, 0, null);
        }

        private Fault(Kind kind, String meaning, int error, Integer detail) {
            this.kind = kind;
            this.meaning = meaning;
            this.error = error;
            this.detail = detail;
        }

        /** Null: the protocol has no such error. */
        static Fault of(int error, Integer detail) {
            String name = ": 1 to 64 characters, no control characters, no comma";
            switch (error) {
                case 1: return new Fault(Kind.INVALID_REQUEST, "the request had no usable length", error, detail);
                case 2: return new Fault(Kind.INVALID_REQUEST, "the request was empty or not UTF-8", error, detail);
                case 3: return new Fault(Kind.INVALID_REQUEST, "the server does not know this player's address",
                    error, detail);
                case 4: return new Fault(Kind.INVALID_REQUEST, "the request is malformed", error, detail);
                case 5: return new Fault(Kind.REGISTRATION_GONE,
                    "the server does not know this registration (any more)", error, detail);
                case 7: return new Fault(Kind.INVALID_REQUEST, "invalid name" + name, error, detail);
                case 9: return new Fault(Kind.PARTNER_LEFT_EARLY, "the partner left before the game", error, detail);
                case 10: return new Fault(Kind.REGISTRATION_GONE,
                    "the server dropped this player for being out of step", error, detail);
                case 11: return new Fault(Kind.SERVER_FULL, "the server has no room for more players", error, detail);
                case 12: return new Fault(Kind.SERVER_FULL, "the server has no room for more games", error, detail);
                case 13: return new Fault(Kind.SEAT_GONE, "the server does not know this game (any more)", error,
                    detail);
                case 14: return new Fault(Kind.SEAT_GONE, "this player has left the game, or was silent too long",
                    error, detail);
                case 15: return new Fault(Kind.PARTNER_LEFT, detail == null
                    ? "the partner fell silent and was dropped" : "the partner has left", error, detail);
                case 16: return new Fault(Kind.INVALID_REQUEST, "invalid name of the partner" + name, error, detail);
                case 17: return new Fault(Kind.REGISTRATION_GONE,
                    "the requested partner left before the game, which ended this registration", error, detail);
                case 18: return new Fault(Kind.OUT_OF_STEP, "the server has taken a later turn of this player", error,
                    detail);
                case 19: return new Fault(Kind.OUT_OF_STEP, "the server has not taken this player's last turn", error,
                    detail);
                case 20: return new Fault(Kind.INVALID_REQUEST,
                    "the turn is longer than the server or a proxy in front of it accepts", error, detail);
                case 21: return new Fault(Kind.SERVER_BUSY, "the partner has not collected what was sent before",
                    error, detail);
                case 22: return new Fault(Kind.SERVER_BUSY, "too many requests or players from this address", error,
                    detail);
                case 23: return new Fault(Kind.SERVER_BUSY, "the server is overloaded or cannot write its state",
                    error, detail);
                default: return null;
            }
        }

        @Override public String toString() {
            return meaning;
        }
    }

    /** A pair of players, as one of them sees it. */
    public static final class Pairing {
        public final String partner;
        /** Whether this player hosts: its request made the pair. */
        public final boolean isHost;

        Pairing(String partner, boolean isHost) {
            this.partner = partner;
            this.isHost = isHost;
        }
    }

    /**
     * Registers this player to wait for a partner.
     *
     * @param name 1 to 64 characters, no control characters, no comma
     * @param partner the only partner wanted; null: any
     * @param pool players are paired within their pool: 1 to 32 visible ASCII characters, no comma, no #; null: none
     * @param token of an earlier registration, to keep its place after the app was ended; null: a new one
     * @param done gets the token
     */
    public void register(String name, String partner, String pool, String token, Callback<String> done) {
        String own = normalized(name);
        String wanted = partner == null ? "*" : normalized(partner);
        String drawn = token == null ? createToken(options.random) : token;
        worker.execute(() -> {
            Fault invalid = !NAME.matcher(own).matches() ? Fault.of(7, null)
                : partner != null && (wanted.equals("*") || !NAME.matcher(wanted).matches()) ? Fault.of(16, null)
                : pool != null && !POOL.matcher(pool).matches() ? new Fault(Kind.INVALID_REQUEST,
                    "invalid pool: 1 to 32 visible ASCII characters, no comma and no #", 4, null)
                : !TOKEN.matcher(drawn).matches() ? Fault.of(4, null) : null;
            if (invalid != null) {
                answer(done, null, invalid);
                return;
            }
            this.token = drawn;
            String pooled = pool == null ? "*" : "*#" + pool;
            Outcome outcome = sender.send(new Request("0," + own + "," + pooled + "," + wanted + "," + drawn), null);
            if (outcome.fault == null)
                key = outcome.reply.data;
            answer(done, drawn, outcome.fault);
        });
    }

    /** Waits for a partner, without a timeout. */
    public void pair(Callback<Pairing> done) {
        worker.execute(() -> {
            Outcome outcome = askUntilNews(2, 2);
            if (outcome.fault == null)
                pairing = new Pairing(outcome.reply.data, outcome.reply.code == 3);
            answer(done, pairing, outcome.fault);
        });
    }

    /** Tells the server that this player is loading. */
    public void load(Callback<Void> done) {
        worker.execute(() -> answer(done, null, ask(3, 0).fault));
    }

    /** Tells the server that this player is ready, and waits until the partner is. */
    public void play(Listener listener, Callback<TurnGame> done) {
        worker.execute(() -> {
            Outcome outcome = askUntilNews(4, 7);
            if (outcome.fault != null) {
                answer(done, null, outcome.fault);
                return;
            }
            String[] seat = outcome.reply.data.split("\\|");
            SavedGame start = SavedGame.begin(sender.url, pairing, seat[0], Integer.parseInt(seat[1]));
            TurnGame game = new TurnGame(start, false, options, listener);
            options.callbacks.execute(() -> {
                done.done(game, null);
                game.start();
            });
        });
    }

    /** Gives up the registration, and the game if this player has neither sent nor received anything in it. */
    public void unregister(Callback<Void> done) {
        worker.execute(() -> {
            Fault fault = ask(1, 0).fault;
            answer(done, null, fault != null && fault.kind == Kind.REGISTRATION_GONE ? null : fault);
        });
    }

    /**
     * Comes back to a game from what save() returned; the saved game must not be used any more.
     *
     * @throws IllegalArgumentException the text is not a saved game
     */
    public static void resume(String saved, Options options, Listener listener, Callback<TurnGame> done) {
        TurnGame game = new TurnGame(SavedGame.read(saved), true, options, listener);
        game.onResumed = done;
        game.start();
    }

    /** Ends the threads of the client, not of its games. */
    @Override public void close() {
        worker.shutdownNow();
    }

    /** A random token for register(). */
    public static String createToken(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 4; i++)
            text.append(String.format(Locale.ROOT, "%08x", random.nextInt()));
        return text.toString();
    }

    private <T> void answer(Callback<T> done, T result, Fault fault) {
        options.callbacks.execute(() -> done.done(fault == null ? result : null, fault));
    }

    private Outcome ask(int symbol, long wait) {
        if (key == null)
            return new Outcome(null, new Fault(Kind.REGISTRATION_GONE, "this player is not registered"));
        Request request = new Request(symbol + ",*," + key + ",*,*");
        request.wait = wait;
        return sender.send(request, null);
    }

    private Outcome askUntilNews(int symbol, int noNews) {
        while (true) {
            long sentAt = now();
            Outcome outcome = ask(symbol, options.heldWait());
            if (outcome.fault != null || outcome.reply.code != noNews)
                return outcome;
            if (!pause(options.pollInterval - (now() - sentAt)))
                return new Outcome(null, new Fault(Kind.UNREACHABLE, "the client was closed"));
        }
    }

    private static String checkedUrl(String url) {
        try {
            URI uri = new URI(url);
            if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) && uri.getHost() != null
                && uri.getUserInfo() == null)
                return url;
        } catch (URISyntaxException e) {
            // Reported below, without the URL, which may contain a password.
        }
        throw new IllegalArgumentException(
            "the server's URL must begin with http:// or https:// and must not contain a user name");
    }

    private static String normalized(String name) {
        return Normalizer.normalize(name, Normalizer.Form.NFC).trim();
    }

    private static Thread daemon(Runnable run) {
        Thread thread = new Thread(run, "turnserver");
        thread.setDaemon(true);
        return thread;
    }

    private static long now() {
        return System.nanoTime() / 1_000_000;
    }

    // False: the thread was interrupted.
    private static boolean pause(long millis) {
        try {
            if (millis > 0)
                Thread.sleep(millis);
            return !Thread.currentThread().isInterrupted();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static int bytesOf(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** One seat of a game. Turns arrive once and in order, even if requests and replies are lost. Any thread. */
    public static final class TurnGame implements AutoCloseable {
        private final Object lock = new Object();
        private final Options options;
        private final Listener listener;
        private final SavedGame start;
        private final Sender sender;
        private final ExecutorService requests = Executors.newCachedThreadPool(TurnClient::daemon);
        private final SeatMachine machine;
        private Callback<TurnGame> onResumed;
        private Callback<Void> onQuit;
        private Integer partnerSilent;
        private boolean isDelivering;
        private boolean isClosed;

        TurnGame(SavedGame start, boolean isResumed, Options options, Listener listener) {
            this.start = start;
            this.options = options;
            this.listener = listener;
            this.sender = new Sender(start.url, options);
            this.machine = new SeatMachine(start, isResumed, options);
            machine.isReading = true;
            machine.begin(now());
        }

        /** 0 if this player was ready last, 1 if it was ready first. */
        public int seat() {
            return start.seat;
        }

        public Pairing pairing() {
            return new Pairing(start.partner, start.isHost);
        }

        /** Why the game is over; null while it continues. */
        public Fault ended() {
            synchronized (lock) {
                return machine.ended;
            }
        }

        /** For how many seconds the server had not heard from the partner, as of its last reply; null: not told. */
        public Integer partnerSilent() {
            synchronized (lock) {
                return partnerSilent;
            }
        }

        /** How many of the partner's turns came after the last save of a resumed game, and are lost. */
        public long missed() {
            synchronized (lock) {
                return machine.block.missed;
            }
        }

        /**
         * Sends a turn.
         *
         * @param turn 1 to {@link #TURN_BYTES_MAX} bytes of UTF-8 without |
         * @param done called when the server has taken it, or with the fault; with error 20 the game continues
         * @throws IllegalArgumentException the turn is invalid
         */
        public void send(String turn, Callback<Void> done) {
            put(new Turn(checkedTurn(turn), done));
        }

        /**
         * Queues a turn. The request that carries it also waits for the partner's next turn, so that alternating play
         * costs one request a turn. If the server refuses it the game is over.
         *
         * @throws IllegalArgumentException the turn is invalid
         */
        public void post(String turn) {
            put(new Turn(checkedTurn(turn), null));
        }

        /**
         * What is needed to come back with resume(), as one line of text: store it together with the state of your
         * game after each onTurn, and before each turn that you send; then call saved(). Whoever has it can play this
         * seat. Call it where the callbacks run: a turn counts as read from its onTurn on.
         *
         * @param next the turn that you send next, once this is stored; null: none
         */
        public String save(String next) {
            synchronized (lock) {
                List<String> unsent = machine.outbox.unsent();
                if (next != null)
                    unsent.add(checkedTurn(next));
                return start.with(machine.counter, machine.outbox.taken, machine.outbox.last, unsent,
                    machine.inbox.received, new ArrayList<>(machine.inbox.unread)).write();
            }
        }

        /** This text, which save() returned, is stored. */
        public void saved(String text) {
            long received = SavedGame.read(text).received;
            synchronized (lock) {
                machine.savedReceived = received;
                lock.notifyAll();
            }
        }

        /** Leaves the game after the server has taken all queued turns. */
        public void quit(Callback<Void> done) {
            synchronized (lock) {
                onQuit = done == null ? (result, fault) -> { } : done;
                machine.outbox.isLast = true;
                lock.notifyAll();
            }
        }

        /** Stops at once. Without quit() before, the server drops this player later. */
        @Override public void close() {
            synchronized (lock) {
                isClosed = true;
                lock.notifyAll();
            }
            requests.shutdownNow();
        }

        void start() {
            requests.execute(this::run);
        }

        private void put(Turn turn) {
            synchronized (lock) {
                if (machine.ended == null && !machine.outbox.isLast && !isClosed) {
                    machine.outbox.waiting.add(turn);
                    lock.notifyAll();
                    return;
                }
            }
            turn.settle(machine.ended != null ? machine.ended : Fault.of(14, null), options.callbacks);
        }

        private void run() {
            try {
                while (step())
                    deliver();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            finish();
        }

        // False: the game is over, or this player has left it.
        private boolean step() throws InterruptedException {
            Request request;
            synchronized (lock) {
                if (isClosed)
                    return false;
                Step step = machine.next(now());
                if (step.request == null && step.pause > 0)
                    lock.wait(step.pause);
                if (step.request == null)
                    return step.pause > 0;
                request = step.request;
            }
            Outcome outcome = request.wait > 0 ? sendHeld(request) : sender.send(request, null);
            List<Turn> settled;
            synchronized (lock) {
                if (outcome == null) {
                    machine.abandon(now());
                } else {
                    if (outcome.reply != null && outcome.reply.partnerSilent != null)
                        partnerSilent = outcome.reply.partnerSilent;
                    machine.complete(outcome, now());
                }
                settled = machine.outbox.takeSettled();
            }
            for (Turn turn : settled)
                turn.settle(turn.fault, options.callbacks);
            return true;
        }

        // Null: abandoned, because there is something to send. The thread that waits for the reply is left to itself:
        // the server answers a held request as soon as the next one comes.
        private Outcome sendHeld(Request request) throws InterruptedException {
            Attempt attempt = new Attempt();
            requests.execute(() -> {
                Outcome outcome = sender.send(request, attempt);
                synchronized (lock) {
                    attempt.outcome = outcome;
                    lock.notifyAll();
                }
            });
            synchronized (lock) {
                while (attempt.outcome == null && !isClosed) {
                    if (machine.shouldAbandon()) {
                        attempt.isAbandoned = true;
                        return null;
                    }
                    lock.wait();
                }
                return isClosed ? null : attempt.outcome;
            }
        }

        // A turn leaves the inbox where the callbacks run, so that no save counts it before the app has it.
        private void deliver() {
            Callback<TurnGame> resumed = null;
            synchronized (lock) {
                if (machine.isResumed && onResumed != null) {
                    resumed = onResumed;
                    onResumed = null;
                }
            }
            if (resumed != null) {
                Callback<TurnGame> done = resumed;
                Fault fault = ended();
                boolean isOver = fault != null && machine.inbox.unread.isEmpty();
                options.callbacks.execute(() -> done.done(isOver ? null : this, isOver ? fault : null));
                if (isOver)
                    close();
            }
            synchronized (lock) {
                if (isDelivering || machine.inbox.unread.isEmpty() || onResumed != null)
                    return;
                isDelivering = true;
                machine.isReading = false;
            }
            options.callbacks.execute(this::deliverAll);
        }

        private void deliverAll() {
            for (String turn; (turn = nextUnread()) != null;)
                listener.onTurn(turn);
        }

        private String nextUnread() {
            synchronized (lock) {
                if (!isClosed && !machine.inbox.unread.isEmpty())
                    return machine.inbox.take();
                isDelivering = false;
                machine.isReading = true;
                lock.notifyAll();
                return null;
            }
        }

        private void finish() {
            deliver();
            Fault fault;
            Callback<Void> quit;
            List<Turn> dropped;
            synchronized (lock) {
                fault = machine.ended;
                quit = onQuit;
                dropped = machine.outbox.drop();
            }
            for (Turn turn : dropped)
                turn.settle(fault != null ? fault : Fault.of(14, null), options.callbacks);
            if (quit != null) {
                boolean isAway = fault != null
                    && (fault.kind == Kind.UNREACHABLE || fault.kind == Kind.NOT_TURN_SERVER);
                Fault left = isAway ? fault : sender.send(
                    new Request("5,*," + start.key + "," + start.seat + ",*"), null).fault;
                options.callbacks.execute(() -> quit.done(null,
                    fault != null ? fault : left != null && left.kind == Kind.SEAT_GONE ? null : left));
            } else if (fault != null && !isClosed) {
                // After the turns that deliver() has handed to the same executor.
                options.callbacks.execute(() -> listener.onEnded(fault));
            }
            requests.shutdown();
        }
    }

    /** @throws IllegalArgumentException the turn is invalid */
    private static String checkedTurn(String turn) {
        int bytes = bytesOf(turn);
        if (bytes < 1 || bytes > TURN_BYTES_MAX)
            throw new IllegalArgumentException("a turn has 1 to " + TURN_BYTES_MAX + " bytes, not " + bytes);
        if (turn.indexOf('|') >= 0)
            throw new IllegalArgumentException("a turn cannot contain |, which separates turns on the wire");
        if (!turn.equals(new String(turn.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)))
            throw new IllegalArgumentException("a turn cannot contain half of a surrogate pair");
        return turn;
    }

    private static final class Attempt {
        volatile boolean isAbandoned;
        Outcome outcome;
    }

    /** A request; wait in milliseconds; received: see Turn-Received, null without. */
    static final class Request {
        final String body;
        long wait;
        Integer received;
        String acknowledges = "";

        Request(String body) {
            this.body = body;
        }

        Request withoutWait() {
            Request copy = new Request(body);
            copy.received = received;
            copy.acknowledges = acknowledges;
            return copy;
        }
    }

    /** A parsed reply. */
    static final class Reply {
        int error;
        Integer detail;
        int code = -1;
        String data = "";
        boolean isHeld;
        Long turnCounter;
        Long taken;
        Long acknowledged;
        Integer partnerSilent;

        private static final Pattern SHAPE = Pattern.compile("(\\d{1,3})/(\\d{1,3}|\\*)/(.*)", Pattern.DOTALL);
        private static final int CODES = 12;

        /** Null: this is not a reply of the protocol. */
        static Reply parse(String text) {
            Matcher match = SHAPE.matcher(text);
            if (!match.matches())
                return null;
            Reply reply = new Reply();
            reply.error = Integer.parseInt(match.group(1));
            Integer second = match.group(2).equals("*") ? null : Integer.valueOf(match.group(2));
            if (reply.error != 0) {
                reply.detail = second;
                return Fault.of(reply.error, second) != null && match.group(3).equals("*") ? reply : null;
            }
            if (second == null || second >= CODES)
                return null;
            reply.code = second;
            reply.data = match.group(3);
            return reply;
        }

        /** Whether it has no turns; with other codes * is a turn. */
        boolean isEmpty() {
            return code == 10 || (code == 11 && data.equals("*"));
        }
    }

    /** The result of a request: a reply, null if it was lost; and why it was refused or lost. */
    static final class Outcome {
        final Reply reply;
        final Fault fault;
        boolean isFinal = true;
        long retryAfter;

        Outcome(Reply reply, Fault fault) {
            this.reply = reply;
            this.fault = fault;
        }

        int error() {
            return reply == null ? 0 : reply.error;
        }
    }

    /** Repeats a request, with the same bytes, until there is a reply: requests are idempotent. */
    private static final class Sender {
        // The codes that answer each symbol. The old server answered 1 and 5 with 10.
        private static final String[] ANSWERS = {" 0 ", " 1 10 ", " 2 3 4 ", " 5 6 ", " 7 8 ", " 1 10 ", " 9 10 11 "};
        // The server asks for a second; do not wait for hours because a proxy says so.
        private static final long RETRY_AFTER_MAX = 5_000;

        final String url;
        private final Options options;

        Sender(String url, Options options) {
            this.url = url;
            this.options = options;
        }

        /** @param attempt ends the repetitions once it is abandoned; null: nothing does */
        Outcome send(Request request, Attempt attempt) {
            byte[] body = request.body.getBytes(StandardCharsets.UTF_8);
            Map<String, String> headers = new LinkedHashMap<>();
            headers.put("Content-Type", "text/plain");
            if (request.wait > 0)
                headers.put("Prefer", "wait=" + request.wait / 1_000);
            if (request.received != null)
                headers.put("Turn-Received", request.received.toString());
            long pause = 0;
            long failedAt = -1;
            while (true) {
                Outcome outcome = attempt(body, headers, request.wait);
                if (outcome.isFinal || (attempt != null && attempt.isAbandoned))
                    return outcome;
                if (failedAt < 0)
                    failedAt = now();
                // With jitter, so that after a restart not all clients come back at the same instant.
                long spread = outcome.retryAfter + (long) (pause * (0.5 + Math.random() / 2));
                if (now() - failedAt + spread > options.patience || !pause(spread))
                    return outcome;
                if (attempt != null && attempt.isAbandoned)
                    return outcome;
                pause = pause == 0 ? options.firstPause : Math.min(2 * pause, options.longestPause);
            }
        }

        private Outcome attempt(byte[] body, Map<String, String> headers, long wait) {
            try {
                long timeout = wait + options.replyTimeout;
                return judge(body[0] - '0', options.transport.post(url, body, headers, (int) timeout));
            } catch (IOException e) {
                return lost(e.toString());
            }
        }

        private Outcome judge(int symbol, Answer answer) {
            Reply reply = Reply.parse(answer.body);
            if (reply == null) {
                int status = answer.status;
                // From a proxy whose server is down for a moment, or that limits this address's rate.
                if ((status >= 500 && status != 501) || status == 408 || status == 429)
                    return lost("the answer was " + status);
                // From a proxy whose limit is lower than the server's.
                if (status == 413)
                    return new Outcome(Reply.parse("20/*/*"), Fault.of(20, null));
                return new Outcome(null, new Fault(Kind.NOT_TURN_SERVER,
                    "this is not a turn server: it answers " + status));
            }
            reply.isHeld = answer.headers.containsKey("preference-applied");
            reply.turnCounter = number(answer, "turn-counter");
            reply.taken = number(answer, "turns-taken");
            reply.acknowledged = number(answer, "turns-acknowledged");
            Long silent = number(answer, "partner-silent");
            reply.partnerSilent = silent == null ? null : (int) Math.min(silent, Integer.MAX_VALUE);
            if (reply.error == 0 && !ANSWERS[symbol].contains(" " + reply.code + " "))
                return new Outcome(null, new Fault(Kind.NOT_TURN_SERVER,
                    "this is not a turn server: it answers symbol " + symbol + " with code " + reply.code));
            Outcome outcome = new Outcome(reply, reply.error == 0 ? null : Fault.of(reply.error, reply.detail));
            if (reply.error == 22 || reply.error == 23) {
                outcome.isFinal = false;
                Long seconds = number(answer, "retry-after");
                outcome.retryAfter = seconds == null ? 0 : Math.min(1_000 * Math.max(0, seconds), RETRY_AFTER_MAX);
            }
            return outcome;
        }

        private static Outcome lost(String why) {
            Outcome outcome = new Outcome(null, new Fault(Kind.UNREACHABLE, "the server cannot be reached: " + why));
            outcome.isFinal = false;
            return outcome;
        }

        private static Long number(Answer answer, String name) {
            String text = answer.headers.get(name);
            return text != null && text.matches("-?\\d{1,18}") ? Long.valueOf(text) : null;
        }
    }

    /** Sends requests by HttpURLConnection, which keeps connections open between them. */
    public static final class UrlTransport implements Transport {
        private static final int CONNECT_TIMEOUT = 5_000;
        // The longest reply is a full block.
        private static final int REPLY_BYTES_MAX = 131_072 + 64;

        @Override public Answer post(String url, byte[] body, Map<String, String> headers, int timeoutMillis)
            throws IOException {
            HttpURLConnection http = (HttpURLConnection) new URL(url).openConnection();
            http.setConnectTimeout(CONNECT_TIMEOUT);
            http.setReadTimeout(timeoutMillis);
            http.setInstanceFollowRedirects(false);
            http.setUseCaches(false);
            http.setDoOutput(true);
            http.setRequestMethod("POST");
            http.setFixedLengthStreamingMode(body.length);
            // Android asks for gzip otherwise.
            http.setRequestProperty("Accept-Encoding", "identity");
            for (Map.Entry<String, String> header : headers.entrySet())
                http.setRequestProperty(header.getKey(), header.getValue());
            try (OutputStream output = http.getOutputStream()) {
                output.write(body);
            }
            int status = http.getResponseCode();
            if (status < 0)
                throw new IOException("the answer is not HTTP");
            Map<String, String> replyHeaders = new LinkedHashMap<>();
            for (Map.Entry<String, List<String>> header : http.getHeaderFields().entrySet())
                if (header.getKey() != null)
                    replyHeaders.put(header.getKey().toLowerCase(Locale.ROOT), header.getValue().get(0));
            byte[] bytes = read(status >= 400 ? http.getErrorStream() : http.getInputStream());
            String length = replyHeaders.get("content-length");
            // Headers that are cut short are taken for complete.
            if (length == null ? bytes.length == 0 : !length.equals(String.valueOf(bytes.length)))
                throw new IOException("the answer was cut short");
            return new Answer(status, replyHeaders, new String(bytes, StandardCharsets.UTF_8));
        }

        private static byte[] read(InputStream input) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            if (input == null)
                return bytes.toByteArray();
            try (InputStream open = input) {
                byte[] buffer = new byte[8_192];
                for (int length; (length = open.read(buffer)) >= 0;) {
                    bytes.write(buffer, 0, length);
                    if (bytes.size() > REPLY_BYTES_MAX)
                        throw new IOException("the answer is longer than any turn server's");
                }
            }
            return bytes.toByteArray();
        }
    }

    /** A turn to send; done is null if nobody waits until the server has taken it. */
    static final class Turn {
        final String text;
        final Callback<Void> done;
        Fault fault;

        Turn(String text, Callback<Void> done) {
            this.text = text;
            this.done = done;
        }

        void settle(Fault why, Executor callbacks) {
            if (done != null)
                callbacks.execute(() -> done.done(null, why));
        }
    }

    /** The turns that the server has not taken: those of the update under way, and those that wait. */
    static final class Outbox {
        long taken;
        // The last taken batch, in case the server has lost it.
        List<String> last;
        List<Turn> batch = new ArrayList<>();
        final Deque<Turn> waiting = new ArrayDeque<>();
        boolean isLast;
        private final List<Turn> settled = new ArrayList<>();

        Outbox(SavedGame saved) {
            taken = saved.taken;
            last = saved.last;
            for (String turn : saved.unsent)
                waiting.add(new Turn(turn, null));
        }

        boolean isFinished() {
            return isLast && waiting.isEmpty();
        }

        /** Moves the next turn, and as many more as fit into this many bytes, to the batch. */
        void takeBatch(int bytesMax) {
            int bytes = 0;
            while (!waiting.isEmpty()) {
                int length = bytesOf(waiting.peek().text);
                if (!batch.isEmpty() && bytes + length > bytesMax)
                    return;
                batch.add(waiting.remove());
                bytes += length + 1;
            }
        }

        /** Puts the batch back, ahead of all other turns. */
        void returnBatch() {
            for (int i = batch.size() - 1; i >= 0; i--)
                waiting.addFirst(batch.get(i));
            batch = new ArrayList<>();
        }

        /**
         * The server has taken the whole batch, or refused it with this fault. If the game is over, its turns stay for
         * a saved game: who could not reach the server may come back.
         */
        void completeBatch(Fault fault) {
            if (fault == null && !batch.isEmpty()) {
                taken += batch.size();
                last = texts(batch);
            }
            List<Turn> stays = new ArrayList<>();
            for (Turn turn : batch) {
                turn.fault = fault;
                settled.add(turn);
                stays.add(new Turn(turn.text, null));
            }
            batch = fault != null && fault.error != SeatMachine.TOO_LONG ? stays : new ArrayList<>();
            returnBatch();
        }

        /** The server says how many turns it has taken. False: it has lost more than are known here. */
        boolean trySetTaken(long now) {
            returnBatch();
            long lost = taken - now;
            if (lost > last.size())
                return false;
            for (int i = 1; i <= lost; i++)
                waiting.addFirst(new Turn(last.get(last.size() - i), null));
            if (lost > 0)
                last = Collections.emptyList();
            for (long more = -lost; more > 0 && !waiting.isEmpty(); more--)
                batch.add(waiting.remove());
            completeBatch(null);
            // More may have been taken than were saved.
            taken = now;
            return true;
        }

        List<String> unsent() {
            List<String> all = texts(batch);
            for (Turn turn : waiting)
                all.add(turn.text);
            return all;
        }

        /** The game is over: these turns will not be sent. They stay for a saved game. */
        List<Turn> drop() {
            isLast = true;
            returnBatch();
            return new ArrayList<>(waiting);
        }

        List<Turn> takeSettled() {
            List<Turn> now = new ArrayList<>(settled);
            settled.clear();
            return now;
        }

        private static List<String> texts(List<Turn> turns) {
            List<String> texts = new ArrayList<>();
            for (Turn turn : turns)
                texts.add(turn.text);
            return texts;
        }
    }

    /** Turns that have arrived and wait to be read. */
    static final class Inbox {
        long received;
        final Deque<String> unread;
        private long bytes;

        Inbox(SavedGame saved) {
            received = saved.received;
            unread = new ArrayDeque<>(saved.unread);
            for (String turn : unread)
                bytes += bytesOf(turn) + 1;
        }

        /** Whether there is room for another block. */
        boolean hasRoom() {
            return bytes < Block.BYTES_MAX;
        }

        void put(String joined) {
            for (String turn : joined.split("\\|", -1)) {
                received++;
                unread.add(turn);
                bytes += bytesOf(turn) + 1;
            }
        }

        String take() {
            String turn = unread.remove();
            bytes -= bytesOf(turn) + 1;
            return turn;
        }
    }

    /**
     * The part of the current block that has been delivered. A block only grows, and the part that is not acknowledged
     * begins the next one (PROTOCOL.md, "The game"): whatever follows the delivered part is new.
     */
    static final class Block {
        static final int BYTES_MAX = 131_072;

        String text = "";
        long missed;
        // How many of the partner's turns come before the block.
        private long acknowledged;
        // Turns at its beginning that were delivered before the game was resumed.
        private long known;

        void resume(long acknowledgedTurns, long received) {
            text = "";
            acknowledged = acknowledgedTurns;
            known = Math.max(0, received - acknowledgedTurns);
            missed += Math.max(0, acknowledgedTurns - received);
        }

        /** Its beginning that consists of the partner's first turns, counted since the game began. */
        String upTo(long turns) {
            return first(text, turns - acknowledged);
        }

        /** The server has taken an update that acknowledges this beginning: the rest begins the next block. */
        void acknowledge(String beginning) {
            if (beginning.isEmpty())
                return;
            int turns = beginning.split("\\|", -1).length;
            acknowledged += turns;
            known = Math.max(0, known - turns);
            text = beginning.length() >= text.length() ? "" : text.substring(beginning.length() + 1);
        }

        /** Takes a reply's turns; returns the new ones, joined by |, or null if there are none. */
        String grow(String data) {
            if (data.length() <= text.length())
                return null;
            int old = Math.max(text.length(), first(data, known).length());
            text = data;
            return old == data.length() ? null : old == 0 ? data : data.substring(old + 1);
        }

        private static String first(String turns, long count) {
            int end = -1;
            for (; count > 0; count--) {
                end = turns.indexOf('|', end + 1);
                if (end < 0)
                    return turns;
            }
            return end < 0 ? "" : turns.substring(0, end);
        }
    }

    /** What to do next: send a request, pause (milliseconds), or, with neither, nothing any more. */
    static final class Step {
        final Request request;
        final long pause;

        Step(Request request, long pause) {
            this.request = request;
            this.pause = pause;
        }
    }

    /** The rules for one seat, without I/O, threads or a clock: which request to send next, and what a reply means. */
    static final class SeatMachine {
        private static final int BODY_BYTES_MAX = 16_384;
        // With more than this in the block, the partner's longest update may be refused.
        private static final int NEARLY_FULL_BYTES = Block.BYTES_MAX - BODY_BYTES_MAX;
        // No seat reaches it: the refusal says which counter was the last.
        private static final long UNREACHABLE_COUNTER = Long.MAX_VALUE;
        // An earlier process may have used this many counters after the last one known to be taken: that of an
        // abandoned held update, and the next.
        private static final int UNDER_WAY_MAX = 2;
        private static final long FULL_PAUSE_FIRST = 2;
        private static final long FULL_PAUSE_LONGEST = 250;
        private static final int NO_DATA = 10, REDUNDANT = 11, BEHIND = 18, AHEAD = 19, TOO_LONG = 20, FULL = 21;

        private enum State {
            IDLE, UPDATING, RESUMING,
            /** The server lacks an abandoned update: sends the abandoned ones again first. */
            CONFIRMING,
            /** The partner's backlog has no room for the update. */
            BACKLOG_FULL,
            /** Repeats the last update: collects turns and acknowledges nothing. */
            REPEATING,
            /** Sends an empty update under the refused one's counter, to acknowledge. */
            FREEING,
        }

        final Outbox outbox;
        final Inbox inbox;
        final Block block = new Block();
        long counter;
        long savedReceived = -1;
        /** Whether the game waits for a turn, so that a reply may be held. */
        boolean isReading;
        boolean isResumed;
        Fault ended;
        private final Options options;
        private final String tail;
        private State state = State.IDLE;
        private Request request;
        private Request update;
        private Request lastTaken;
        // Updates whose replies were abandoned; assumed to be taken.
        private List<Request> unconfirmed = new ArrayList<>();
        private int confirmed;
        // Lowered once the server or a proxy has refused a longer one.
        private int batchBytesMax = TURN_BYTES_MAX;
        private boolean canHold = true;
        private long heardAt;
        private long fullPause;
        private long retryAt;
        // Empty updates come first, up to this counter: once it is taken, no late update of an earlier process can be.
        private long fence = Long.MIN_VALUE;

        SeatMachine(SavedGame start, boolean isSaved, Options options) {
            this.options = options;
            outbox = new Outbox(start);
            inbox = new Inbox(start);
            tail = "," + start.key + "," + start.seat + ",";
            counter = start.counter;
            isResumed = !isSaved;
            if (!isSaved)
                return;
            fence = counter + UNDER_WAY_MAX;
            savedReceived = start.received;
            askWhereTheGameStands();
        }

        /** Whether to abandon a held reply, because there is something to send. */
        boolean shouldAbandon() {
            return !outbox.waiting.isEmpty() || outbox.isFinished();
        }

        /** The game begins, or is resumed, at this time. */
        void begin(long now) {
            heardAt = now;
        }

        Step next(long now) {
            if (state == State.IDLE)
                return nextUpdate(now);
            if (state == State.BACKLOG_FULL) {
                if (now < retryAt)
                    return new Step(null, retryAt - now);
                if (inbox.hasRoom() && counter >= 0)
                    send(State.REPEATING, lastTaken);
                else
                    sendUpdate();
            }
            return new Step(request, 0);
        }

        /** The request under way has been answered, or has failed for good. */
        void complete(Outcome outcome, long now) {
            if (request.wait > 0)
                canHold = outcome.reply != null && outcome.reply.isHeld
                    || canHold && !(outcome.reply != null && outcome.reply.isEmpty());
            switch (state) {
                case UPDATING:
                    completeUpdate(outcome, now);
                    break;
                case CONFIRMING:
                    confirm(outcome, now);
                    break;
                case REPEATING:
                    if (outbox.batch.isEmpty())
                        completeRepetition(outcome, now);
                    else
                        collect(outcome, now);
                    break;
                case FREEING:
                    freeCounter(outcome, now);
                    break;
                default:
                    completeResuming(outcome, now);
            }
        }

        /** The held request under way has been abandoned. */
        void abandon(long now) {
            // The result of these turns must be known before others are sent.
            if (!outbox.batch.isEmpty()) {
                request = request.withoutWait();
                return;
            }
            unconfirmed.add(request.withoutWait());
            Reply assumed = new Reply();
            assumed.code = NO_DATA;
            finish(new Outcome(assumed, null), now);
        }

        private Step nextUpdate(long now) {
            if (ended != null || outbox.isFinished())
                return new Step(null, 0);
            // Nothing is sent before the first save: until then the registration's token leads back to the game.
            if (options.savesEachTurn && savedReceived < 0 && !outbox.isLast)
                return new Step(null, options.keepAlive);
            if (counter < fence)
                return startUpdate(0);
            if (!outbox.waiting.isEmpty() && (inbox.hasRoom() || outbox.isLast)) {
                outbox.takeBatch(batchBytesMax);
                fullPause = FULL_PAUSE_FIRST;
                // Ask for a held reply only if neither a sender nor further turns wait for this update's result.
                boolean isAwaited = !outbox.waiting.isEmpty() || outbox.isLast;
                for (Turn turn : outbox.batch)
                    isAwaited |= turn.done != null;
                return startUpdate(isAwaited ? 0 : options.heldWait());
            }
            boolean isWaiting = isReading && inbox.unread.isEmpty();
            long pause = silenceMax(isWaiting) - (now - heardAt);
            if (pause > 0)
                return new Step(null, pause);
            if (counter < 0 || (inbox.hasRoom() && !hasUnsaved()))
                return startUpdate(isWaiting ? options.heldWait() : 0);
            return send(State.REPEATING, lastTaken);
        }

        // How long to send nothing after the last reply.
        private long silenceMax(boolean isWaiting) {
            if (!isWaiting || !inbox.hasRoom() || hasUnsaved())
                return options.keepAlive;
            return canHold && options.heldWait() > 0 ? 0 : Math.min(options.pollInterval, options.keepAlive);
        }

        // Turns that no saved game has are not acknowledged, and no reply is held while there are any.
        private boolean hasUnsaved() {
            return acknowledgeable().length() < block.text.length();
        }

        private String acknowledgeable() {
            // A resumed game takes no further blocks while the inbox is full.
            if (counter < fence && !inbox.hasRoom())
                return "";
            return options.savesEachTurn ? block.upTo(savedReceived) : block.text;
        }

        private Step send(State next, Request what) {
            state = next;
            request = what;
            return new Step(what, 0);
        }

        private Step startUpdate(long wait) {
            update = compose(outbox.batch, wait);
            return sendUpdate();
        }

        private Step sendUpdate() {
            confirmed = 0;
            return resendUpdate();
        }

        // Not held any more once other turns wait for its result.
        private Step resendUpdate() {
            return send(State.UPDATING, shouldAbandon() ? update.withoutWait() : update);
        }

        private Request compose(List<Turn> turns, long wait) {
            StringBuilder body = new StringBuilder("6,");
            for (int i = 0; i < turns.size(); i++)
                body.append(i == 0 ? "" : "|").append(turns.get(i).text);
            Request composed = new Request(body.append(tail).append(counter + 1).toString());
            composed.wait = wait;
            composed.acknowledges = acknowledgeable();
            composed.received = counter < 0 ? null : Integer.valueOf(bytesOf(composed.acknowledges));
            return composed;
        }

        private void completeUpdate(Outcome outcome, long now) {
            if (outcome.error() == AHEAD && !unconfirmed.isEmpty() && confirmed == 0) {
                send(State.CONFIRMING, unconfirmed.get(0));
            } else if (isOvertaken(outcome)) {
                askWhereTheGameStands();
            } else {
                // Length is checked before the counter: this refusal tells nothing about earlier updates.
                if (outcome.error() != TOO_LONG)
                    unconfirmed = new ArrayList<>();
                finish(outcome, now);
            }
        }

        private void confirm(Outcome outcome, long now) {
            // Behind: this update arrived late after all, and then a late copy of the refused one was taken.
            if (outcome.fault != null && outcome.error() != BEHIND)
                finish(outcome, now);
            else if (++confirmed < unconfirmed.size())
                send(State.CONFIRMING, unconfirmed.get(confirmed));
            else
                resendUpdate();
        }

        private void finish(Outcome outcome, long now) {
            boolean hasTurns = !outbox.batch.isEmpty();
            if (hasTurns && outcome.error() == FULL) {
                // A late copy may still be taken: the very same update is repeated until it is.
                state = State.BACKLOG_FULL;
                retryAt = now + fullPause;
                fullPause = Math.min(2 * fullPause, FULL_PAUSE_LONGEST);
            } else if (hasTurns && outcome.error() == TOO_LONG) {
                refuse(outcome.fault, now);
            } else {
                take(update, outcome, now);
                completeBatch(outcome.fault);
            }
        }

        // Too long for the server or a proxy: several turns are split up, a single one is refused.
        private void refuse(Fault fault, long now) {
            heardAt = now;
            if (outbox.batch.size() > 1) {
                int bytes = 0;
                for (Turn turn : outbox.batch)
                    bytes += bytesOf(turn.text);
                batchBytesMax = bytes / 2;
                outbox.returnBatch();
                state = State.IDLE;
                return;
            }
            // Nobody would learn that a posted turn was refused.
            if (outbox.batch.get(0).done == null)
                ended = fault;
            completeBatch(fault);
        }

        // Repeated the last update while the partner's backlog is full.
        private void collect(Outcome outcome, long now) {
            // The refused update has been taken after all; repeating it will show that.
            if (outcome.error() == BEHIND) {
                sendUpdate();
                return;
            }
            deliver(outcome, now);
            boolean isNearlyFull = bytesOf(block.text) > NEARLY_FULL_BYTES && !acknowledgeable().isEmpty();
            if (ended != null)
                completeBatch(ended);
            else if (isNearlyFull && outcome.reply.taken != null)
                send(State.FREEING, compose(Collections.<Turn>emptyList(), 0));
            else
                sendUpdate();
        }

        // Both backlogs may be full, and only an update that is taken acknowledges (PROTOCOL.md, "Rules for clients").
        private void freeCounter(Outcome outcome, long now) {
            if (outcome.reply != null && outcome.reply.taken != null && outcome.reply.taken > outbox.taken) {
                // The refused update has been taken after all; repeating it gets its block.
                sendUpdate();
                return;
            }
            take(request, outcome, now);
            if (ended != null) {
                completeBatch(ended);
                return;
            }
            // The counter has carried an empty update, so the turns go out under the next one.
            outbox.returnBatch();
            state = State.IDLE;
        }

        private void completeRepetition(Outcome outcome, long now) {
            if (isOvertaken(outcome)) {
                askWhereTheGameStands();
                return;
            }
            deliver(outcome, now);
            state = State.IDLE;
            isResumed = true;
        }

        private void take(Request what, Outcome outcome, long now) {
            if (outcome.fault == null) {
                counter++;
                lastTaken = what.withoutWait();
                // A counter that was taken before, perhaps by an update of another process: the totals say what was.
                boolean isTold = outcome.reply.code == REDUNDANT && outcome.reply.taken != null
                    && outcome.reply.acknowledged != null;
                block.acknowledge(isTold ? block.upTo(outcome.reply.acknowledged) : what.acknowledges);
                if (isTold)
                    setTaken(outcome.reply.taken);
            }
            deliver(outcome, now);
        }

        private void deliver(Outcome outcome, long now) {
            heardAt = now;
            if (outcome.fault != null) {
                ended = outcome.fault;
                return;
            }
            // As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are
            // acknowledged, a real turn comes again.
            Reply reply = outcome.reply;
            if (reply.isEmpty())
                return;
            String turns = block.grow(reply.data);
            if (turns != null)
                inbox.put(turns);
        }

        private void completeBatch(Fault fault) {
            outbox.completeBatch(fault);
            state = State.IDLE;
        }

        private boolean setTaken(long taken) {
            boolean isKnown = outbox.trySetTaken(taken);
            if (!isKnown)
                ended = new Fault(Kind.OUT_OF_STEP, "the server has lost turns that it had taken");
            return isKnown;
        }

        private void askWhereTheGameStands() {
            send(State.RESUMING, new Request("6," + tail + UNREACHABLE_COUNTER));
        }

        // Whether a late update of an earlier process has been taken meanwhile, beyond the counter of this request.
        private boolean isOvertaken(Outcome outcome) {
            return counter < fence && outcome.error() == BEHIND;
        }

        // The refusal says where the game stands; then the last block comes again (PROTOCOL.md, "Coming back").
        private void completeResuming(Outcome outcome, long now) {
            Reply reply = outcome.reply;
            heardAt = now;
            state = State.IDLE;
            if (reply == null || reply.turnCounter == null || reply.taken == null || reply.acknowledged == null) {
                ended = outcome.fault != null && outcome.error() != AHEAD ? outcome.fault : new Fault(Kind.OUT_OF_STEP,
                    "the server does not say what it has taken: it, or its part of this game, is older than this "
                        + "client");
            } else if (setTaken(reply.taken)) {
                counter = reply.turnCounter;
                block.resume(reply.acknowledged, inbox.received);
                inbox.received = Math.max(inbox.received, reply.acknowledged);
                fence = Math.max(fence, counter + UNDER_WAY_MAX);
                lastTaken = new Request("6," + tail + counter);
                if (counter >= 0)
                    send(State.REPEATING, lastTaken);
            }
            if (state == State.IDLE)
                isResumed = true;
        }
    }

    /** What a client needs to come back to a game, as one line of JSON. Clients in other languages use the same. */
    static final class SavedGame {
        private static final Pattern KEY = Pattern.compile("\\d+");

        String url;
        String key;
        String partner;
        int seat;
        boolean isHost;
        long counter = -1;
        long taken;
        long received;
        List<String> last = Collections.emptyList();
        List<String> unsent = Collections.emptyList();
        List<String> unread = Collections.emptyList();

        static SavedGame begin(String url, Pairing pairing, String key, int seat) {
            SavedGame game = new SavedGame();
            game.url = url;
            game.key = key;
            game.seat = seat;
            game.partner = pairing.partner;
            game.isHost = pairing.isHost;
            return game;
        }

        SavedGame with(long counter, long taken, List<String> last, List<String> unsent, long received,
            List<String> unread) {
            SavedGame game = begin(url, new Pairing(partner, isHost), key, seat);
            game.counter = counter;
            game.taken = taken;
            game.last = last;
            game.unsent = unsent;
            game.received = received;
            game.unread = unread;
            return game;
        }

        String write() {
            return "{\"version\":1,\"url\":" + Json.text(url) + ",\"key\":" + Json.text(key) + ",\"seat\":" + seat
                + ",\"partner\":" + Json.text(partner) + ",\"isHost\":" + isHost + ",\"counter\":" + counter
                + ",\"taken\":" + taken + ",\"last\":" + Json.list(last) + ",\"unsent\":" + Json.list(unsent)
                + ",\"received\":" + received + ",\"unread\":" + Json.list(unread) + "}";
        }

        /** @throws IllegalArgumentException the text is not a saved game */
        static SavedGame read(String text) {
            Map<String, Object> values = new Json(text).readObject();
            if (!Long.valueOf(1).equals(values.get("version")))
                throw new IllegalArgumentException("this is not a saved game of version 1");
            try {
                SavedGame game = new SavedGame();
                game.url = checkedUrl((String) values.get("url"));
                game.key = (String) values.get("key");
                game.partner = (String) values.get("partner");
                game.seat = ((Long) values.get("seat")).intValue();
                game.isHost = (Boolean) values.get("isHost");
                game.counter = (Long) values.get("counter");
                game.taken = (Long) values.get("taken");
                game.received = (Long) values.get("received");
                game.last = Json.texts(values.get("last"));
                game.unsent = Json.texts(values.get("unsent"));
                game.unread = Json.texts(values.get("unread"));
                game.check();
                return game;
            } catch (ClassCastException | NullPointerException e) {
                throw new IllegalArgumentException("this is not a saved game: a value is missing or of another type");
            }
        }

        private void check() {
            if (!KEY.matcher(key).matches() || seat < 0 || seat > 1 || partner.isEmpty())
                throw new IllegalArgumentException("this is not a saved game: its key, seat or partner is malformed");
            if (counter < -1 || taken < last.size() || received < unread.size())
                throw new IllegalArgumentException("this is not a saved game: its counts are inconsistent");
            for (List<String> turns : java.util.Arrays.asList(last, unsent))
                for (String turn : turns)
                    if (turn.isEmpty() || turn.indexOf('|') >= 0)
                        throw new IllegalArgumentException(
                            "this is not a saved game: one of its turns is empty or contains |");
        }
    }

    /** As much JSON as a saved game has: an object of texts, whole numbers, true, false, and lists of texts. */
    private static final class Json {
        private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9]\\d{0,17})");

        private final String text;
        private int at;

        Json(String text) {
            this.text = text.trim();
        }

        static String text(String value) {
            StringBuilder json = new StringBuilder("\"");
            for (char c : value.toCharArray()) {
                if (c == '"' || c == '\\')
                    json.append('\\').append(c);
                else if (c < ' ' || c == '\u2028' || c == '\u2029' || c == '\u007F')
                    json.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                else
                    json.append(c);
            }
            return json.append('"').toString();
        }

        static String list(List<String> values) {
            StringBuilder json = new StringBuilder("[");
            for (int i = 0; i < values.size(); i++)
                json.append(i == 0 ? "" : ",").append(text(values.get(i)));
            return json.append(']').toString();
        }

        static List<String> texts(Object value) {
            List<String> texts = new ArrayList<>();
            for (Object one : (List<?>) value)
                texts.add((String) one);
            return texts;
        }

        Map<String, Object> readObject() {
            Map<String, Object> values = new LinkedHashMap<>();
            expect('{');
            do {
                String name = readText();
                expect(':');
                if (values.put(name, readValue()) != null)
                    throw fault();
            } while (skip(','));
            expect('}');
            if (at != text.length())
                throw fault();
            return values;
        }

        private Object readValue() {
            if (peek() == '"')
                return readText();
            if (skip('['))
                return readList();
            for (boolean value : new boolean[] { true, false })
                if (text.startsWith(String.valueOf(value), at)) {
                    at += String.valueOf(value).length();
                    return value;
                }
            Matcher number = NUMBER.matcher(text).region(at, text.length());
            if (!number.lookingAt())
                throw fault();
            at = number.end();
            return Long.valueOf(number.group());
        }

        private List<String> readList() {
            List<String> values = new ArrayList<>();
            if (skip(']'))
                return values;
            do
                values.add(readText());
            while (skip(','));
            expect(']');
            return values;
        }

        private String readText() {
            StringBuilder value = new StringBuilder();
            expect('"');
            for (char c; (c = take()) != '"';) {
                if (c < ' ')
                    throw fault();
                value.append(c == '\\' ? readEscape() : c);
            }
            return value.toString();
        }

        private char readEscape() {
            char c = take();
            int index = "\"\\/bfnrt".indexOf(c);
            if (index >= 0)
                return "\"\\/\b\f\n\r\t".charAt(index);
            if (c != 'u' || at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9a-fA-F]{4}"))
                throw fault();
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }

        private char take() {
            if (at >= text.length())
                throw fault();
            return text.charAt(at++);
        }

        private char peek() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0)
                at++;
            return at < text.length() ? text.charAt(at) : 0;
        }

        private boolean skip(char c) {
            boolean isThere = peek() == c;
            if (isThere) {
                at++;
                peek();
            }
            return isThere;
        }

        private void expect(char c) {
            if (peek() != c)
                throw fault();
            at++;
            if (c != '"')
                peek();
        }

        private IllegalArgumentException fault() {
            return new IllegalArgumentException("this is not a saved game: unexpected text at character " + (at + 1));
        }
    }
}

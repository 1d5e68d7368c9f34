package turnserver;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The test program of the Java client: see ../../README.md. */
final class Client {
    private static PrintStream output;

    private Client() {
    }

    public static void main(String[] arguments) throws Exception {
        output = new PrintStream(System.out, true, "UTF-8");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
        if (arguments[0].equals("vectors"))
            new Vectors().run(input);
        else
            new Play().run(input);
        System.exit(0);
    }

    private static synchronized void print(String... fields) {
        output.print(String.join(" ", fields) + "\n");
        output.flush();
    }

    static String encode(String text) {
        if (text.isEmpty())
            return "-";
        if (text.equals("-"))
            return "%2D";
        StringBuilder field = new StringBuilder();
        for (char c : text.toCharArray())
            field.append(c <= ' ' || c == '%' || c == 0x7F ? String.format("%%%02X", (int) c) : String.valueOf(c));
        return field.toString();
    }

    static String decode(String field) {
        if (field.equals("-"))
            return "";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '%') {
                text.append((char) Integer.parseInt(field.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                text.append(field.charAt(i));
            }
        }
        return text.toString();
    }

    private static String list(Iterable<String> turns) {
        List<String> fields = new ArrayList<>();
        for (String turn : turns)
            fields.add(encode(turn));
        return fields.isEmpty() ? "-" : String.join("|", fields);
    }

    private static List<String> turns(String field) {
        List<String> turns = new ArrayList<>();
        if (!field.equals("-"))
            for (String turn : field.split("\\|"))
                turns.add(decode(turn));
        return turns;
    }

    private static long millis(String seconds) {
        return Math.round(Double.parseDouble(seconds) * 1000);
    }

    private static final class Vectors {
        private final Map<String, String> outcomes = new HashMap<>();
        private TurnClient.Options options;
        private TurnClient.SavedGame start;
        private TurnClient.SeatMachine machine;
        private long now;

        void run(BufferedReader input) throws IOException {
            for (String line; (line = input.readLine()) != null;) {
                try {
                    print(answer(line.split(" ")));
                } catch (RuntimeException e) {
                    print("error", encode(e.toString()));
                }
            }
        }

        private String answer(String[] fields) {
            switch (fields[0]) {
                case "new":
                    options = new TurnClient.Options();
                    options.wait = millis(fields[3]);
                    options.keepAlive = millis(fields[4]);
                    options.pollInterval = millis(fields[5]);
                    options.savesEachTurn = fields[6].equals("1");
                    start = TurnClient.SavedGame.begin("http://localhost/", new TurnClient.Pairing("Bob", true),
                        fields[1], Integer.parseInt(fields[2]));
                    machine = new TurnClient.SeatMachine(start, false, options);
                    now = 0;
                    outcomes.clear();
                    return "ok";
                case "resume":
                    start = start.with(Long.parseLong(fields[1]), Long.parseLong(fields[2]), turns(fields[4]),
                        turns(fields[5]), Long.parseLong(fields[3]), turns(fields[6]));
                    machine = new TurnClient.SeatMachine(start, true, options);
                    return "ok";
                case "next":
                    return next();
                case "read":
                    List<String> read = new ArrayList<>();
                    while (!machine.inbox.unread.isEmpty())
                        read.add(machine.inbox.take());
                    machine.isReading &= read.isEmpty();
                    return "turns " + list(read);
                case "save":
                    return "save " + machine.counter + " " + machine.outbox.taken + " " + machine.inbox.received + " "
                        + list(machine.outbox.last) + " " + list(machine.outbox.unsent()) + " "
                        + list(machine.inbox.unread);
                case "outcome":
                    return outcomes.get(decode(fields[1]));
                case "ended":
                    return "ended " + (machine.ended == null ? 0 : machine.ended.error);
                case "missed":
                    return "missed " + machine.block.missed;
                default:
                    act(fields);
                    for (TurnClient.Turn turn : machine.outbox.takeSettled())
                        turn.settle(turn.fault, Runnable::run);
                    return "ok";
            }
        }

        private void act(String[] fields) {
            switch (fields[0]) {
                case "send":
                    String turn = decode(fields[1]);
                    outcomes.put(turn, "pending");
                    machine.outbox.waiting.add(new TurnClient.Turn(turn,
                        (result, why) -> outcomes.put(turn, why == null ? "taken" : "refused")));
                    break;
                case "post":
                    machine.outbox.waiting.add(new TurnClient.Turn(decode(fields[1]), null));
                    break;
                case "receive":
                    machine.isReading = true;
                    break;
                case "quit":
                    machine.outbox.isLast = true;
                    break;
                case "saved":
                    machine.savedReceived = machine.inbox.received;
                    break;
                case "elapse":
                    now += millis(fields[1]);
                    break;
                case "reply":
                    TurnClient.Reply reply = TurnClient.Reply.parse(decode(fields[1]));
                    reply.isHeld = fields[2].equals("1");
                    reply.turnCounter = number(fields[3]);
                    reply.taken = number(fields[4]);
                    reply.acknowledged = number(fields[5]);
                    TurnClient.Fault fault = TurnClient.Fault.of(reply.error, reply.detail);
                    machine.complete(new TurnClient.Outcome(reply, fault), now);
                    break;
                case "unreachable":
                    machine.complete(new TurnClient.Outcome(null,
                        new TurnClient.Fault(TurnClient.Kind.UNREACHABLE, "lost")), now);
                    break;
                case "abandon":
                    if (!machine.shouldAbandon())
                        throw new IllegalStateException("there is nothing to send");
                    machine.abandon(now);
                    break;
                default:
                    throw new IllegalArgumentException(fields[0]);
            }
        }

        private String next() {
            TurnClient.Step step = machine.next(now);
            if (step.request != null)
                return "request " + encode(step.request.body) + " " + step.request.wait / 1000.0 + " "
                    + (step.request.received == null ? "-" : step.request.received.toString());
            if (step.pause > 0)
                return "pause " + step.pause / 1000.0;
            machine.outbox.drop();
            return "stop";
        }

        private static Long number(String field) {
            return field.equals("-") ? null : Long.valueOf(field);
        }
    }

    /** Commands and callbacks run on the main thread, as in an app. */
    private static final class Play implements TurnClient.Listener {
        private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
        private final List<String> commands = new ArrayList<>();
        private final TurnClient.Options options = new TurnClient.Options();
        private TurnClient client;
        private TurnClient.TurnGame game;
        private boolean isBusy;
        private boolean isOver;

        void run(BufferedReader input) throws InterruptedException {
            options.callbacks = tasks::add;
            Thread reader = new Thread(() -> read(input));
            reader.setDaemon(true);
            reader.start();
            while (!isOver) {
                tasks.take().run();
                while (!isBusy && !commands.isEmpty())
                    carryOut(commands.remove(0).split(" "));
            }
        }

        private void read(BufferedReader input) {
            try {
                for (String line; (line = input.readLine()) != null;) {
                    String command = line;
                    tasks.add(() -> commands.add(command));
                }
            } catch (IOException e) {
                // As at the end of the input.
            }
            tasks.add(() -> isOver = true);
        }

        private void carryOut(String[] fields) {
            switch (fields[0]) {
                case "options":
                    for (String setting : Arrays.asList(fields).subList(1, fields.length))
                        set(setting.split("="));
                    break;
                case "register":
                    isBusy = true;
                    client = new TurnClient(decode(fields[1]), options);
                    client.register(decode(fields[2]), optional(fields[3]), optional(fields[4]), optional(fields[5]),
                        (token, fault) -> {
                            if (fail(fault))
                                return;
                            print("registered", encode(token));
                            pair();
                        });
                    break;
                case "resume":
                    isBusy = true;
                    try {
                        TurnClient.resume(decode(fields[1]), options, this, this::begin);
                    } catch (IllegalArgumentException e) {
                        isBusy = false;
                        print("failed", "invalidRequest");
                    }
                    break;
                case "send":
                    send(decode(fields[1]));
                    break;
                case "post":
                    save(decode(fields[1]));
                    game.post(decode(fields[1]));
                    break;
                case "quit":
                    isBusy = true;
                    game.quit((result, fault) -> {
                        isBusy = false;
                        print("left");
                    });
                    break;
                default:
                    print("error", encode("not a command: " + fields[0]));
            }
        }

        private void pair() {
            client.pair((pairing, fault) -> {
                if (pairAgain(fault) || fail(fault))
                    return;
                print("paired", encode(pairing.partner));
                client.load((loaded, gone) -> {
                    if (!pairAgain(gone) && !fail(gone))
                        client.play(this, this::begin);
                });
            });
        }

        // The partner left before the game: waits for another.
        private boolean pairAgain(TurnClient.Fault fault) {
            boolean isEarly = fault != null && fault.kind == TurnClient.Kind.PARTNER_LEFT_EARLY;
            if (isEarly)
                pair();
            return isEarly;
        }

        private void begin(TurnClient.TurnGame started, TurnClient.Fault fault) {
            if (pairAgain(fault) || fail(fault))
                return;
            isBusy = false;
            game = started;
            print("started", String.valueOf(game.seat()));
            save(null);
        }

        private void send(String turn) {
            save(turn);
            game.send(turn, (result, fault) -> {
                if (fault == null) {
                    print("taken", encode(turn));
                } else if (fault.error == 20) {
                    print("refused", encode(turn));
                    save(null);
                }
            });
        }

        @Override public void onTurn(String turn) {
            print("turn", encode(turn));
            save(null);
        }

        @Override public void onEnded(TurnClient.Fault fault) {
            print("ended", nameOf(fault.kind));
        }

        // To print is to store.
        private void save(String next) {
            if (!options.savesEachTurn)
                return;
            String text = game.save(next);
            print("save", encode(text));
            game.saved(text);
        }

        private boolean fail(TurnClient.Fault fault) {
            if (fault == null)
                return false;
            isBusy = false;
            print("failed", nameOf(fault.kind));
            return true;
        }

        private void set(String[] setting) {
            long value = millis(setting[1]);
            switch (setting[0]) {
                case "wait": options.wait = value; break;
                case "keepAlive": options.keepAlive = value; break;
                case "pollInterval": options.pollInterval = value; break;
                case "replyTimeout": options.replyTimeout = value; break;
                case "patience": options.patience = value; break;
                case "firstPause": options.firstPause = value; break;
                case "longestPause": options.longestPause = value; break;
                case "savesEachTurn": options.savesEachTurn = value > 0; break;
                default: print("error", encode("not an option: " + setting[0]));
            }
        }

        private static String optional(String field) {
            return field.equals("-") ? null : decode(field);
        }

        private static String nameOf(TurnClient.Kind kind) {
            StringBuilder name = new StringBuilder();
            for (String word : kind.name().split("_"))
                name.append(name.length() == 0 ? word.toLowerCase()
                    : word.charAt(0) + word.substring(1).toLowerCase());
            return name.toString();
        }
    }
}

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A producer in Java: events of the contract, keyed chain:asset, acknowledged by every replica.
 *
 * java -cp kafka-clients.jar:slf4j-api.jar TransferProducer.java 127.0.0.1:9092 transfers < events.jsonl
 */
public final class TransferProducer {
    private static final Pattern CHAIN = Pattern.compile("\"chain\"\\s*:\\s*\"([^\"]+)\"");
    private static final Pattern ASSET = Pattern.compile("\"asset\"\\s*:\\s*\"([^\"]+)\"");

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", arguments[0],
            "enable.idempotence", true,
            "acks", "all",
            "key.serializer", StringSerializer.class.getName(),
            "value.serializer", StringSerializer.class.getName()));
        signIn(settings, System.getenv());
        List<Future<?>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings);
             BufferedReader lines =
                 new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String key = field(CHAIN, line) + ":" + field(ASSET, line);
                sent.add(producer.send(new ProducerRecord<>(arguments[1], key, line)));
            }
            for (Future<?> each : sent) {
                each.get(); // fails when Kafka did not take it: sending it again does no harm
            }
        }
        System.out.println(sent.size() + " sent");
    }

    /** Where Kafka asks for a password. */
    private static void signIn(Map<String, Object> settings, Map<String, String> environment) {
        String user = environment.getOrDefault("AML_KAFKA_PRODUCER_USERNAME", environment.get("AML_KAFKA_USERNAME"));
        String password = environment.getOrDefault("AML_KAFKA_PRODUCER_PASSWORD", environment.get("AML_KAFKA_PASSWORD"));
        if (password == null) {
            return;
        }
        String mechanism = environment.get("AML_KAFKA_SASL_MECHANISM");
        String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
        settings.put("security.protocol", environment.get("AML_KAFKA_SECURITY_PROTOCOL"));
        settings.put("sasl.mechanism", mechanism);
        settings.put("sasl.jaas.config", String.format(
            "org.apache.kafka.common.security.%s required username=\"%s\" password=\"%s\";",
            module, user, password));
    }

    private static String field(Pattern pattern, String line) {
        Matcher matcher = pattern.matcher(line);
        if (!matcher.find()) {
            throw new IllegalArgumentException("no chain or no asset: " + line);
        }
        return matcher.group(1);
    }
}

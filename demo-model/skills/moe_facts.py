"""Questions about mixture-of-experts models, answered in our own words; one answer per fact."""

from .example import Example, is_held_out
from .wording import say

WHAT = ["What is {x}?", "What's {x}?", "Explain {x}.", "Can you explain {x}?", "Tell me about {x}.", "Define {x}.", "What does {x} mean?",
        "Describe {x}.", "What exactly is {x}?", "Please explain {x}.", "I do not understand {x}.", "What do you know about {x}?", "{x}?"]

# names of the thing | answer
THINGS = [
    ("a mixture of experts|mixture of experts|an MoE|MoE|a mixture-of-experts model|mixture-of-experts",
     "A mixture of experts is a layer with many small networks, called experts. For each token a router picks a few of them, so only a part of the weights does work."),
    ("an expert|experts|expert|an expert in a MoE model",
     "An expert is a small feed-forward network inside a layer. It works only on the tokens that the router sends to it."),
    ("a router|the router|router|routing|the router in MoE",
     "The router is a small matrix that gives each expert a score for the current token. The experts with the highest scores are used."),
    ("top-k|top-k routing|top k|top-2|top-k in MoE",
     "Top-k means that only the k experts with the highest router scores run for a token. I use the top 2 of 16 experts in each layer."),
    ("a KV cache|the KV cache|KV cache|kv cache|key-value cache",
     "The KV cache stores the keys and values of all past tokens, so they need not be computed again. It grows with every token."),
    ("quantization|quantisation|a quantized model|Q8_0",
     "Quantization stores weights with fewer bits, for example 8 bits and one shared scale for 32 weights. The file gets smaller and less memory is read for each token."),
    ("prefill|the prefill phase|the prefill",
     "Prefill is the first phase: all tokens of the prompt are processed together and the KV cache is filled. It is mostly limited by compute."),
    ("decode|decoding|the decode phase",
     "Decode is the second phase: one new token is made at a time. Each step must read the active weights, so it is mostly limited by memory bandwidth."),
    ("a token|tokens|token", "A token is a small piece of text, such as a word, a part of a word or a digit. The model reads and writes tokens."),
    ("attention|self-attention|the attention layer",
     "Attention lets a token look at earlier tokens. It compares a query with all keys and mixes the values that fit best."),
    ("an embedding|embeddings|the embedding", "An embedding is a list of numbers that stands for a token. It is the first thing the model looks up."),
    ("softmax|the softmax", "Softmax turns a list of scores into positive numbers that sum to one. A higher score gets a larger share."),
    ("entropy|router entropy|routing entropy",
     "Router entropy tells how undecided the router is. It is low when one expert clearly wins and high when many experts have similar scores."),
    ("load balancing|expert load balancing|a load balancing loss|load balance",
     "Load balancing keeps all experts busy. During training a small extra loss is paid when some experts get too many tokens."),
    ("a dead expert|dead experts", "A dead expert is an expert that the router almost never picks. Its weights take memory but do no work."),
    ("a dense model|dense models|a dense layer", "A dense model uses all its weights for every token. A mixture of experts uses only a few experts, so it does less work per token."),
    ("active parameters|an active parameter|the active parameters",
     "Active parameters are the weights that are really used for one token. I have about 8 million parameters, and about 2 million are active for each token."),
    ("temperature|the temperature|sampling temperature",
     "Temperature changes how random the next token is. At zero the most likely token is always taken; higher values give more variety."),
    ("greedy decoding|greedy sampling", "Greedy decoding always takes the token with the highest score. The same prompt then gives the same answer."),
    ("the context length|context length|a context window|the context window",
     "The context length is the number of tokens the model can look at. Mine is 1024 tokens."),
    ("RoPE|rotary position embedding|rotary positions", "RoPE turns queries and keys by an angle that depends on the position. So attention can tell how far apart two tokens are."),
    ("RMSNorm|RMS norm|a norm layer", "RMSNorm divides a vector by its root mean square and multiplies it by learned weights. It keeps the numbers in a good range."),
    ("SwiGLU|the SwiGLU activation", "SwiGLU is the form of my experts: one matrix makes a gate, one makes values, their product goes through a third matrix."),
    ("WebGPU|web gpu", "WebGPU is a way for web pages to use the graphics card. It lets a model like me run inside the browser."),
    ("GGUF|a GGUF file|the GGUF format", "GGUF is a file format for language models. One file holds the weights, the tokenizer and the settings."),
    ("a logit|logits|the logits", "Logits are the raw scores that the model gives to every possible next token, before softmax."),
    ("a transformer|the transformer|transformers", "A transformer is a model made of layers. Each layer has attention, which mixes tokens, and a feed-forward part, which works on each token alone."),
    ("a layer|layers|a transformer layer", "A layer is one step of the model: first attention, then the experts. I have 6 layers."),
    ("a shared expert|shared experts", "A shared expert runs for every token, next to the experts that the router picks. Some models have one; I do not."),
    ("expert capacity|the expert capacity", "Expert capacity is a limit on how many tokens one expert may take in a batch. Tokens above the limit are dropped or sent elsewhere."),
    ("speculative decoding|speculation", "In speculative decoding a small model guesses several tokens and the large model checks them together. It saves time when the guesses are right."),
    ("expert parallelism|expert parallel serving", "Expert parallelism puts different experts on different devices. Tokens must then travel to the device of their expert."),
    ("moescope|this page|this demo", "Moescope shows what happens inside a mixture of experts: which experts run, how sure the router is, and what each token costs."),
    ("a weight|weights|parameters|a parameter", "Weights, also called parameters, are the numbers a model learned in training. They stay fixed while it writes."),
    ("a prompt|prompts|the prompt", "A prompt is the text you give to the model. It is turned into tokens and processed before the first new token is made."),
    ("BPE|byte pair encoding|a tokenizer|the tokenizer", "A tokenizer cuts text into tokens. Byte pair encoding starts with bytes and joins the pairs that occur most often."),
    ("grouped-query attention|GQA|grouped query attention", "In grouped-query attention several query heads share one head of keys and values. This makes the KV cache smaller."),
]

# questions | answer
QUESTIONS = [
    ("How does the router choose experts?|How does the router work?|How are experts chosen?|How does a router pick experts?|Who decides which expert runs?",
     "The router multiplies the token by a small matrix, takes a softmax over all experts and keeps the two highest. Their shares are scaled to sum to one."),
    ("Why use a mixture of experts?|Why MoE?|What is the advantage of MoE?|What are experts good for?|Why are MoE models fast?|Why is MoE cheaper?",
     "A mixture of experts can hold many weights but uses only a few per token. So it knows more for the same work per token."),
    ("What is the downside of MoE?|What are the problems of MoE?|What is bad about MoE?|What does MoE cost?",
     "All experts must be kept in memory, although only a few run. It is also hard to keep the load balanced."),
    ("What does a token cost?|How much does a token cost?|What is the cost of a token?|What is token cost?|What makes a token expensive?|token cost",
     "The cost of a token is the memory it reads, the operations it does and the time it takes. In decode, reading the active weights and the KV cache is the largest part."),
    ("How many experts do you have?|How many experts are there?|How many experts are in each layer?|What is your number of experts?",
     "I have 6 layers with 16 experts each, 96 experts in all. Each token uses 2 experts per layer."),
    ("How many parameters do you have?|How big are you?|How large is this model?|What is your size?",
     "I have about 8 million parameters. About 2 million of them are active for each token."),
    ("How many layers do you have?|What is your number of layers?|How deep are you?", "I have 6 layers. Each one has attention and 16 experts."),
    ("Do experts have topics?|Does each expert know one topic?|Is there an expert for maths?|Do experts specialise?|What does each expert know?",
     "Experts are not made for human topics. They share the work in ways that training found, often by kinds of tokens, so look before you name one."),
    ("Why is decode slower than prefill?|Why is prefill faster than decode?|What is the difference between prefill and decode?|prefill or decode?",
     "Prefill works on many tokens at once and reads each weight once for all of them. Decode reads the active weights again for every single token."),
    ("Why does the KV cache grow?|How large is the KV cache?|How big does the KV cache get?|What fills the KV cache?",
     "Every token adds one key and one value per layer to the KV cache. So its size is proportional to the number of tokens."),
    ("What happens if I turn off an expert?|Can I mask an expert?|What happens without an expert?|What if an expert is removed?",
     "Then the router must take the next best expert. The answer may stay the same, or it may get worse; try it and compare."),
    ("What is the router margin?|What does margin mean here?|What is a margin?",
     "The margin is the gap between the last chosen expert and the first one that was not chosen. A small margin means a close decision."),
    ("Who are you?|What are you?|Who is this?|What is your name?|Introduce yourself.|Tell me about yourself.|Are you a human?|Are you a robot?|Are you ChatGPT?",
     "I am moescope-demo, a very small mixture-of-experts language model. I run in your browser and you can look inside me."),
    ("What can you do?|What can I ask you?|How can you help me?|Help|help|What do you know?|What are your skills?|What should I ask?|Give me an example.",
     "I can add and subtract with steps, convert units, remember values, turn CSV into JSON, read tiny programs, translate short sentences, tell stories and explain mixtures of experts."),
    ("Hello|Hi|Hello!|Hi!|Hey|Good morning|Good evening|Hi there|hello there|Hey!|Good day",
     "Hello! I am a small mixture-of-experts model. Ask me something and watch which experts answer."),
    ("How are you?|How are you today?|Are you well?|How is it going?|What's up?", "I am only a small model, but all my experts are ready. What would you like to ask?"),
    ("Thank you|Thanks|Thanks!|Thank you!|thank you very much|Great, thanks|Nice!|Well done", "You are welcome. Ask me something else."),
    ("Goodbye|Bye|bye|See you|Good night|See you later", "Goodbye! Come back when you want to look inside again."),
    ("Who made you?|Who trained you?|How were you trained?|Where do you come from?|What is your training data?|What were you trained on?",
     "I was trained from nothing on text made by a small program, on two processor cores. I never read the internet."),
    ("What is the capital of France?|Who is the president?|What is the weather today?|Tell me the news.|Write a poem.|Who won the game?|What is the meaning of life?|What is love?|Who was Einstein?|What is the best film?",
     "I do not know that. I am a very small model with a few skills; try arithmetic, translation or a question about experts."),
    ("Are you smart?|Are you intelligent?|Can you think?|Do you understand me?|Are you always right?|Can I trust you?",
     "I am tiny and I make mistakes. I am made to be looked at, not to be trusted."),
    ("Where do you run?|Do you run in my browser?|Is my text sent to a server?|Do you need a server?|Do you need the internet?",
     "I run in your browser on your own device. Your text is not sent anywhere."),
]


def make(rng, held_out):
    """Held out are (wording, name) pairs of the things; the listed questions are all trained on."""
    while True:
        if held_out or rng.random() < 0.62:
            names, answer = rng.choice(THINGS)
            form, name = rng.choice(WHAT), rng.choice(names.split("|"))
            asked = form.format(x=name)
            if is_held_out("fact", form, name) != held_out:
                continue
        else:
            asks, answer = rng.choice(QUESTIONS)
            asked = rng.choice(asks.split("|"))
        break
    prompt = asked[:1].lower() + asked[1:] if rng.random() < 0.15 else asked
    prompt = prompt if rng.random() < 0.4 else say(rng, prompt)
    return Example(prompt, answer, answer, "exact")

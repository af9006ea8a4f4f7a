/**
 * What travels between the edge and whoever calls it.
 * Generated from worker/openapi.json and shared/contracts by scripts/generate.ts: never edited.
 */

/** Bytes, as they are sent. */
export type Bytes = Uint8Array<ArrayBuffer> | Blob;

export type AdapterFile = {
  name: AdapterFileName;
  sha256: Sha256;
  bytes: number;
};

export type AdapterFileName =
  | 'adapter_model.safetensors'
  | 'adapter_config.json'
  | 'pytorch_lora_weights.safetensors'
  | 'user_attention.safetensors'
  | 'encoder.onnx'
  | 'encoder.safetensors'
  | 'state.safetensors'
  | 'state-2.safetensors'
  | 'state-3.safetensors'
  | 'state-4.safetensors'
  | 'state-5.safetensors'
  | 'state-6.safetensors'
  | 'state-7.safetensors'
  | 'state-8.safetensors'
  | 'state-9.safetensors'
  | 'state-10.safetensors'
  | 'state-11.safetensors'
  | 'state-12.safetensors';

export type AdapterInput = {
  sha: Sha256;
  parent: Sha256 | null;
  baseModel: NonEmptyText;
  /** Hash of the base model’s weights and tokenizer. */
  baseFingerprint: Sha256;
  recipe: SentRecipe;
  files: AdapterFile[];
  /** The user encoder that it was trained with: it understands the embeddings of no other. */
  encoder?: Sha256 | undefined;
  metrics?: Metrics | undefined;
  losses?: number[] | undefined;
  gates?: Gate[] | undefined;
  /** Image digest or version of the runner. */
  runtime?: Text | undefined;
};

/** Newest first. */
export type AdapterList = {
  items: AdapterRecord[];
};

export type AdapterRecord = {
  sha: Sha256;
  parent: Sha256 | null;
  baseModel: NonEmptyText;
  /** Hash of the base model’s weights and tokenizer. */
  baseFingerprint: Sha256;
  recipe: Recipe;
  files: AdapterFile[];
  /** The user encoder that it was trained with: it understands the embeddings of no other. */
  encoder?: Sha256 | undefined;
  metrics: Metrics;
  losses: number[];
  gates: Gate[];
  /** Image digest or version of the runner. */
  runtime: Text;
  domain: Slug;
  stage: Stage;
  /** Batches this adapter itself learned from (its parents’ are theirs). */
  batches: RecordId[];
  /** Votes consumed by those batches. */
  preferences: number;
  oldestVoteAt: Timestamp | null;
  createdAt: Timestamp;
  /** When it was first served. */
  liveAt: Timestamp | null;
};

export type AdapterRegistration = {
  sha: Sha256;
  parent: Sha256 | null;
  baseModel: NonEmptyText;
  /** Hash of the base model’s weights and tokenizer. */
  baseFingerprint: Sha256;
  recipe: SentRecipe;
  files: AdapterFile[];
  /** The user encoder that it was trained with: it understands the embeddings of no other. */
  encoder?: Sha256 | undefined;
  metrics?: Metrics | undefined;
  losses?: number[] | undefined;
  gates?: Gate[] | undefined;
  /** Image digest or version of the runner. */
  runtime?: Text | undefined;
  domain: Slug;
};

export type AliasHistory = {
  items: AliasMove[];
};

export type AliasMove = {
  domain: Slug;
  from: Sha256 | null;
  to: Sha256 | null;
  action: 'promote' | 'rollback';
  /** The key that did it, or "gates". */
  actor: string;
  note: string;
  /** Votes that wait again after a rewind. */
  freed: number;
  at: Timestamp;
};

/** Every "a + b = c" in a step must hold, and the last number must be that of the prompt’s answer. */
export type ArithmeticChecker = {
  type: 'arithmetic';
};

export type AsftRecipe = {
  method: 'asft';
  /** Weight of the alignment term beside SFT. */
  lambda: number;
  /** Temper of the odds; 1 is the paper’s form. */
  beta: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type AssistantMessage = {
  role: 'assistant';
  content: string;
  [name: string]: unknown;
};

export type Batch = {
  id: RecordId;
  domain: Slug;
  state: BatchState;
  fence: number;
  attempts: number;
  runner: string | null;
  leaseExpiresAt: Timestamp | null;
  adapter: Sha256 | null;
  /** The last reason a runner gave for failing it. */
  error: string | null;
  /** Members in training order. */
  preferences: RecordId[];
  /** null = formed under the setting off, or not leased with its weights yet: every vote counts as it says. */
  raterWeights: BatchWeights | null;
  createdAt: Timestamp;
  completedAt: Timestamp | null;
};

export type BatchList = {
  items: Batch[];
};

export type BatchState = 'ready' | 'leased' | 'completed' | 'quarantined';

export type BatchWeights = {
  /** At most so many votes were looked at. */
  window: number;
  /** Those that were looked at, without what is held out. */
  votes: number;
  computedAt: Timestamp;
  /** Users of the batch, each as much of one as is reliable: from twenty on nobody weighs more than 5 %. */
  users: number;
  /** More of the batch than this no user weighs. */
  largestShare: number;
  /** By member: what its own weight is multiplied with. 1 for votes of nobody known. */
  weights: Record<string, number>;
};

export type Blend = BlendPart[];

export type BlendPart = {
  user?: UserId | undefined;
  reward?: Slug | undefined;
  weight: number;
};

export type BothBadChoice = {
  type: 'bothBad';
};

/** Up to 500 PreferenceInput items. */
export type BulkPreferences = {
  items: unknown[];
};

export type BulkResult = {
  created: number;
  duplicates: number;
  rejected: number;
  items: ItemResult[];
};

export type Candidate = {
  id: RecordId;
  position: number;
  content: Content;
};

export type CandidateInput = {
  id?: RecordId | undefined;
  content: Content;
  origin?: SentOrigin | undefined;
  features?: FeatureList | undefined;
};

export type CandidateWithOrigin = {
  id: RecordId;
  position: number;
  content: Content;
  origin: Origin;
};

export type ChatChoice = {
  index: number;
  message: AssistantMessage;
  finish_reason: 'stop' | 'length';
  /** With revise: what it was before, the first draft first. */
  drafts?: string[] | undefined;
  logprobs?:
    | ({
        content: TokenLogprob[];
        [name: string]: unknown;
      } | null)
    | undefined;
  /** With a basis: (log π_adapter − log π_base) of the answer per token, one an adapter. */
  log_ratios?: (number | null)[] | undefined;
  /** With logprobs: ids, the end token included. */
  token_ids?: number[] | undefined;
  [name: string]: unknown;
};

export type ChatCompletion = {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: ChatChoice[];
  usage: {
    prompt_tokens: number;
    completion_tokens: number;
    total_tokens: number;
    [name: string]: unknown;
  };
  [name: string]: unknown;
};

export type ChatRequest = {
  /** The domain. Which adapter answers is decided by the edge, never by the caller. */
  model: Slug;
  messages: Message[];
  n?: number | undefined;
  seed?: number | undefined;
  temperature?: number | undefined;
  top_p?: number | undefined;
  max_tokens?: number | undefined;
  max_completion_tokens?: number | undefined;
  stop?: (string | string[]) | undefined;
  stream?: boolean | undefined;
  logprobs?: boolean | undefined;
  /** Searches the likeliest answer with so many beams instead of drawing one (arXiv 2404.12358). */
  num_beams?: number | undefined;
  /** Betters the answer so many times by the model that gave it; its drafts come along (arXiv 2406.01660). */
  revise?: number | undefined;
  /** false: as everybody gets it, whoever’s token it is. */
  personal?: boolean | undefined;
  /** Ignored: the user comes from the token. */
  user?: string | undefined;
};

export type Choice =
  | PairChoice
  | TieChoice
  | BothBadChoice
  | SkipChoice
  | RankingChoice
  | RatingChoice
  | StepMarkChoice;

export type CofsDpoRecipe = {
  method: 'cofs-dpo';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  /** Weight of the fast-slow chasing term. */
  alpha: number;
  /** Slow learning rate / fast one. */
  slowRatio: number;
  /** Optimiser steps between two decisions on who is chased. */
  chasingInterval: number;
  /** Votes of each topic that are kept to fit the weights of the combination on. */
  memory: number;
  /** Steps of that fit. */
  fitSteps: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Comparison = {
  id: RecordId;
  domain: Slug;
  kind: ComparisonKind;
  prompt: Prompt;
  /** In the dealt order. */
  candidates: Candidate[];
  /** Signed proof of this deal; goes back with the vote. */
  assignment: string;
  createdAt: Timestamp;
  expiresAt: Timestamp;
};

export type ComparisonKind = 'pair' | 'ranking' | 'rating' | 'steps';

export type ComparisonRecord = {
  id: RecordId;
  domain: Slug;
  kind: ComparisonKind;
  prompt: Prompt;
  candidates: CandidateWithOrigin[];
  createdAt: Timestamp;
};

export type ComparisonRequest = {
  /** Made by the client: a retry then gets the same comparison. */
  id?: RecordId | undefined;
  domain: Slug;
  kind?: ComparisonKind | undefined;
  prompt: Prompt;
  /** The caller’s own candidates; without them the domain’s models are asked for `k`. */
  candidates?: CandidateInput[] | undefined;
  /** The candidates were shown in this order already, drawn at random by the page: it is recorded. */
  asShown?: true | undefined;
  k?: number | undefined;
  /** Outputs the models are asked for, at least k: the k that differ most are dealt. Default: k. */
  draws?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  seed?: number | undefined;
  /** With a secret key: the person it is dealt to. */
  user?: UserId | undefined;
};

export type Completion = {
  fence: number;
  adapter: AdapterInput;
  /** Members the runner could not train on: they are reported, not consumed. */
  notTrainable?:
    | {
        preference: RecordId;
        reason: NotTrainableReason;
      }[]
    | undefined;
};

export type CompletionResult = {
  adapter: AdapterRecord;
  /** Whether the adapter is being served now. */
  live: boolean;
  /** Why it is not live. */
  reason: string | null;
  replayed: boolean;
};

/** Who is signed in; the session itself is a cookie that no script reads. */
export type ConsoleSession = {
  project: {
    id: Slug;
    name: string;
  };
  /** The id of the key that opened it, and the actor of what it does. */
  key: string;
  expiresAt: Timestamp;
};

export type ConsoleSessionInput = {
  /** A secret key with the scope admin. */
  key: string;
};

export type Content = TextContent | StepsContent | ImageContent;

export type CreditRequest = {
  /** The domain; its live adapter is asked. */
  model: Slug;
  messages: Message[];
  completion: NonEmptyText;
  /** Default: that of the domain’s recipe, or 1. */
  beta?: number | undefined;
};

export type CreditResult = {
  /** The adapter’s sha, or base. */
  model: string;
  tokens: TokenCredit[];
  /** Sum of the credits: the implicit reward of the answer. */
  reward: number;
};

export type CurryDpoRecipe = {
  method: 'curry-dpo';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  /** From the easiest pairs to the hardest. */
  stages: number;
  /** What makes a pair easy: a large gap of ratings, or a large margin of the model at the start. */
  difficulty: 'rating' | 'margin';
  /** Each stage is pulled to where it started. */
  renewReference: boolean;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type DiffusionDpoRecipe = {
  method: 'diffusion-dpo';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Share of prompts that are trained as if nothing had been asked: guidance goes on working. */
  captionDropout: number;
  /** Times and noises that each picture is looked at with in one step. */
  noiseSamples: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  seed: number;
};

export type Dismissal = {
  fence: number;
  notTrainable: {
    preference: RecordId;
    reason: NotTrainableReason;
  }[];
};

export type Domain = {
  id: Slug;
  /** The base that adapters of this domain belong to: "tiny", a hub id or a folder name. */
  baseModel: NonEmptyText;
  recipe: Recipe;
  gates: GateBounds;
  /** How a checkpoint goes live: when its gates pass. */
  policy: 'gates';
  /** Preferences in a full batch. */
  batchSize: number;
  /** A smaller batch is formed when its oldest vote has waited this long. */
  maxWaitSeconds: number;
  leaseSeconds: number;
  /** Leases of one batch before it is quarantined. */
  maxAttempts: number;
  /** Share of split units never trained on. */
  holdOut: number;
  /** The unit that is held out whole. Fixed once a vote has come in. */
  splitBy: 'prompt' | 'user';
  temperature: number;
  topP: number;
  maxTokens: number;
  /** System message put before a prompt that has none. */
  system?: NonEmptyText | undefined;
  /** reliability: a vote counts less in training the less its voter is found to agree with others, and one voter never most of a batch; off: every vote counts as it says. */
  raterWeights: RaterWeighting;
  /** The adapter where training continues; null = the base. */
  head: Sha256 | null;
  /** The adapter that is served; null = the base. */
  live: Sha256 | null;
  /** The user encoder of new embeddings; null = tastes are not computed. */
  encoder: Sha256 | null;
  createdAt: Timestamp;
};

export type DomainInput = {
  id: Slug;
  /** The base that adapters of this domain belong to: "tiny", a hub id or a folder name. */
  baseModel: NonEmptyText;
  recipe: SentRecipe;
  gates?: SentGateBounds | undefined;
  /** How a checkpoint goes live: when its gates pass. */
  policy?: 'gates' | undefined;
  /** Preferences in a full batch. */
  batchSize?: number | undefined;
  /** A smaller batch is formed when its oldest vote has waited this long. */
  maxWaitSeconds?: number | undefined;
  leaseSeconds?: number | undefined;
  /** Leases of one batch before it is quarantined. */
  maxAttempts?: number | undefined;
  /** Share of split units never trained on. */
  holdOut?: number | undefined;
  /** The unit that is held out whole. Fixed once a vote has come in. */
  splitBy?: 'prompt' | 'user' | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  /** System message put before a prompt that has none. */
  system?: NonEmptyText | undefined;
  /** reliability: a vote counts less in training the less its voter is found to agree with others, and one voter never most of a batch; off: every vote counts as it says. */
  raterWeights?: RaterWeighting | undefined;
};

export type DomainList = {
  items: Domain[];
};

/** How a domain is right now: the data of each `state` event. */
export type DomainLive = {
  /** Votes by what became of them. */
  preferences: Record<string, number>;
  /** Votes that cannot train, by reason. */
  notTrainable: Record<string, number>;
  batches: {
    ready: number;
    leased: number;
    completed: number;
    quarantined: number;
  };
  /** Of the server. */
  now: Timestamp;
  /** Votes that arrived in each of the last 60 minutes, oldest first; the last one is still running. */
  votesPerMinute: number[];
  /** The adapter that training goes on from. */
  head: Sha256 | null;
  /** The adapter that is served; null = the base. */
  live: Sha256 | null;
  newestAdapter: Sha256 | null;
  /** When the live alias was moved last. */
  lastMoveAt: Timestamp | null;
};

export type DomainPatch = {
  recipe?: SentRecipe | undefined;
  gates?: SentGateBounds | undefined;
  batchSize?: number | undefined;
  maxWaitSeconds?: number | undefined;
  leaseSeconds?: number | undefined;
  maxAttempts?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  system?: NonEmptyText | undefined;
  raterWeights?: RaterWeighting | undefined;
};

export type DomainStats = {
  /** Votes by what became of them. */
  preferences: Record<string, number>;
  /** Votes that cannot train, by reason. */
  notTrainable: Record<string, number>;
  batches: {
    ready: number;
    leased: number;
    completed: number;
    quarantined: number;
  };
  domain: Domain;
  /** The last 100, oldest first: the points of the curves. Of more than 200 losses as many means of equal stretches, to six digits; all of them are at /v1/adapters/{sha}. */
  adapters: AdapterRecord[];
  /** The last 20 moves of the live alias, newest first. */
  moves: AliasMove[];
};

export type DpoRecipe = {
  method: 'dpo';
  /** robust: unbiased where labelSmoothing is the share of votes that are turned around (below ½). */
  loss: 'sigmoid' | 'ipo' | 'hinge' | 'robust';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type EgidaRecipe = {
  method: 'egida';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  judge: TinyJudge | RefusalJudge | HttpJudge;
  maxPairs: number;
  /** Answers drawn for a prompt. */
  samples: number;
  temperature: number;
  topP: number;
  maxTokens: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Embedding = {
  user: UserId;
  domain: Slug;
  encoder: Sha256;
  kind: 'set' | 'mixture';
  /** That it was computed from: the newest, at most 64. */
  votes: number;
  tokens: number;
  width: number;
  /** tokens × width, row by row; of a mixture its K weights. */
  values: number[];
  /** Standard deviations: of a mixture one a weight; of a set encoder one, relative to the prior’s. */
  uncertainty: number[];
  /** Votes among them that say nothing, and why. */
  unusable: UnusableVote[];
  updatedAt: Timestamp;
};

export type EncoderChoice = {
  encoder: Sha256 | null;
};

export type EncoderInput = SetEncoderInput | MixtureInput;

/** Newest first. */
export type EncoderList = {
  items: EncoderRecord[];
};

export type EncoderRecord = {
  encoder: EncoderInput;
  createdAt: Timestamp;
  replayed: boolean;
};

export type ErrorBody = {
  code: ErrorCode;
  /** One sentence for a person. Says what is wrong and what would be right. */
  message: string;
  requestId: string;
  /** With invalid_request: each field that is wrong. */
  issues?:
    | {
        path: string;
        message: string;
      }[]
    | undefined;
};

export type ErrorCode =
  | 'invalid_json'
  | 'invalid_request'
  | 'too_large'
  | 'too_many_items'
  | 'unauthorized'
  | 'forbidden'
  | 'key_in_browser'
  | 'origin_not_allowed'
  | 'token_expired'
  | 'token_invalid'
  | 'not_found'
  | 'method_not_allowed'
  | 'too_many_tries'
  | 'idempotency_conflict'
  | 'already_exists'
  | 'candidate_not_in_comparison'
  | 'kind_mismatch'
  | 'assignment_required'
  | 'assignment_invalid'
  | 'assignment_expired'
  | 'assignment_reused'
  | 'supersedes_unknown'
  | 'base_model_mismatch'
  | 'stale_fence'
  | 'stale_parent'
  | 'lease_expired'
  | 'batch_finished'
  | 'quarantined'
  | 'adapter_invalid'
  | 'adapter_missing_file'
  | 'hash_mismatch'
  | 'gate_failed'
  | 'no_previous_adapter'
  | 'probe_failed'
  | 'image_invalid'
  | 'encoder_invalid'
  | 'encoder_mismatch'
  | 'inference_unavailable'
  | 'inference_failed'
  | 'internal';

export type Example = {
  preference: RecordId;
  prompt: Prompt;
  /** Texts; none where there are pictures. */
  completions: Text[];
  /** Pictures, in the place of texts. */
  images?: Sha256[] | undefined;
  pairs: Pair[];
  /** One per completion, more is better: the person’s ratings, or minus the places of a ranking. */
  ratings?: number[] | undefined;
  /** What a liked answer, or a wrong step, counts, which has no pair to say it. Default: 1. */
  weight?: number | undefined;
  /** Right steps of an answer, which the completions go on from; they are steps, not ends. */
  prefix?: Text | undefined;
  /** Whose vote it is, for recipes that train on tastes: a pseudonym of this domain alone. */
  userKey?: string | undefined;
  /** Other votes of this person, the newest first, whose features stand in the lease’s `support`. */
  support?: RecordId[] | undefined;
};

export type Failure = {
  fence: number;
  reason: NonEmptyText;
  /** The batch did nothing wrong, the runner was stopped: the attempt does not count */
  blameless?: boolean | undefined;
};

export type FeatureList = Features[];

export type Features = {
  /** Hash of what made the numbers; vectors of two spaces are never compared. */
  space: Sha256;
  values: (number | null)[];
};

export type FileReceipt = {
  name: AdapterFileName;
  sha256: Sha256;
  bytes: number;
  replayed: boolean;
};

export type FlexDpoRecipe = {
  method: 'flex-dpo';
  /** β⁺: how strongly the chosen answer is raised. */
  betaChosen: number;
  /** β⁻: how strongly the rejected answer is pushed down. */
  betaRejected: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Gate = {
  name: 'accuracy' | 'displacement' | 'kl' | 'length';
  /** null = not measurable (for example no held-out votes yet). */
  value: number | null;
  low: number | null;
  high: number | null;
  n: number;
  /** null = measured only, nothing to fail. */
  bound: number | null;
  passed: boolean;
  reason: Text | null;
};

export type GateBounds = {
  /** Lower bound of the held-out preference accuracy (its value, not its interval). */
  minAccuracy?: number | undefined;
  /** Largest fall of the mean chosen log-probability per token, nats (the 3D alarm); of pictures the largest rise of the error on chosen ones, as a share of the base’s. */
  maxDisplacement?: number | undefined;
  /** KL to the base, nats per token, on sampled answers. */
  maxKl?: number | undefined;
  /** When an adapter fails its displacement gate, the batches after it are trained with these until one passes (Flex-DPO and the SFT term; recipe dpo). */
  mitigation?:
    | {
        sftWeight: number;
        /** β⁻ / β⁺. */
        betaRejectedRatio: number;
      }
    | undefined;
  /** Longest allowed ratio of mean answer length to the base, in either direction. */
  maxLengthRatio?: number | undefined;
};

export type Health = {
  status: 'ok' | 'degraded';
  version: string;
  host: 'workers' | 'deno' | 'node';
  database: boolean;
  files: boolean;
  /** null = no back end is configured. */
  inference: boolean | null;
};

export type Heartbeat = {
  fence: number;
};

export type HeartbeatResult = {
  expiresAt: Timestamp;
  now: Timestamp;
};

export type HeldOut = {
  examples: Example[];
  /** The domain’s user encoder, for recipes that need it. */
  encoder: Sha256 | null;
  /** Pairs of the votes that examples name, each vote once; the pairs of one vote share its id and its weight. */
  support: SupportVote[];
};

export type HttpChecker = {
  type: 'http';
  /** Base of an OpenAI-compatible API. The runner takes its key from PREFLOOP_JUDGE_KEY. */
  url: string;
  model: string;
  timeoutSeconds: number;
};

export type HttpJudge = {
  type: 'http';
  /** Base of an OpenAI-compatible API. The runner takes its key from PREFLOOP_JUDGE_KEY. */
  url: string;
  model: string;
  timeoutSeconds: number;
};

export type IdentifiedCandidate = {
  id: RecordId;
  content: Content;
  origin?: Origin | undefined;
  features?: FeatureList | undefined;
};

export type IdentifiedComparison = {
  domain: Slug;
  kind: ComparisonKind;
  prompt: Prompt;
  /** One is enough for a rating or for marked steps; a pair and a ranking need two. */
  candidates: IdentifiedCandidate[];
  id: RecordId;
};

export type ImageContent = {
  type: 'image';
  /** Of a picture that was uploaded. */
  sha256: Sha256;
};

export type ImageData = {
  url?: string | undefined;
  b64_json?: string | undefined;
  sha256: Sha256;
  seed: number;
};

export type ImageReceipt = {
  sha256: Sha256;
  /** What its first bytes say, whatever the sender called it. */
  mediaType: MediaType;
  width: number;
  height: number;
  bytes: number;
  replayed: boolean;
};

export type ImageRequest = {
  /** The domain. Which adapter draws is decided by the edge, never by the caller. */
  model: Slug;
  prompt: NonEmptyText;
  n?: number | undefined;
  seed?: number | undefined;
  /** Of the sampler. Default: the model’s. */
  steps?: number | undefined;
  /** Classifier-free guidance; 1 = none. */
  guidance?: number | undefined;
  response_format?: 'url' | 'b64_json' | undefined;
  /** false: as everybody gets it, whoever’s token it is. */
  personal?: boolean | undefined;
  /** Instead of the caller’s own taste. A user token may name its own user and rewards only. */
  blend?: Blend | undefined;
  /** Ignored: the user comes from the token. */
  user?: string | undefined;
};

export type ImageResult = {
  created: number;
  data: ImageData[];
  /** Whose taste went in: which encoder, from how many votes; null = nobody’s. */
  personal: {
    encoder: Sha256;
    votes: number;
  } | null;
  /** To vote on, when there are two or more; else null. */
  comparison: RecordId | null;
};

export type InlineComparison = {
  domain: Slug;
  kind?: ComparisonKind | undefined;
  prompt: Prompt;
  /** One is enough for a rating or for marked steps; a pair and a ranking need two. */
  candidates: SentIdentifiedCandidate[];
};

export type ItemResult = {
  index: number;
  id: string | null;
  result: 'created' | 'duplicate' | 'rejected';
  status?: PreferenceStatus | undefined;
  notTrainable?: NotTrainableReason | undefined;
  code?: ErrorCode | undefined;
  message?: string | undefined;
};

export type Key = {
  /** The public part of the key; names it in lists and logs. */
  id: string;
  kind: 'secret' | 'public';
  name: string;
  scopes: Scope[];
  createdAt: Timestamp;
  revokedAt: Timestamp | null;
};

export type KeyCreated = {
  key: Key;
  /** Shown once; only its hash is kept. */
  secret: string;
};

export type KeyInput = {
  kind?: 'secret' | 'public' | undefined;
  name: NonEmptyText;
  /** Scopes of a secret key; a public key has none. */
  scopes?: Scope[] | undefined;
};

/** Oldest first, the revoked ones included. */
export type KeyList = {
  items: Key[];
};

export type Lease = {
  batch: RecordId;
  domain: Slug;
  /** Grows with every lease; an older one is refused. */
  fence: number;
  attempt: number;
  expiresAt: Timestamp;
  /** The server’s clock, so that a runner with a wrong one can still renew in time. */
  now: Timestamp;
  baseModel: string;
  recipe: Recipe;
  gates: GateBounds;
  /** The domain’s head: what this batch is trained on top of. */
  parent: Sha256 | null;
  examples: Example[];
  /** The domain’s user encoder, for recipes that need it. */
  encoder: Sha256 | null;
  /** Pairs of the votes that examples name, each vote once; the pairs of one vote share its id and its weight. */
  support: SupportVote[];
};

export type LeaseRequest = {
  /** Default: every domain of the base model. */
  domains?: Slug[] | undefined;
  baseModel: NonEmptyText;
  /** Name of the runner process, for people. */
  runner: NonEmptyText;
};

export type LnDpoRecipe = {
  method: 'ln-dpo';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type MediaType = 'image/png' | 'image/jpeg' | 'image/webp';

export type Message = {
  role: 'system' | 'user' | 'assistant';
  content: NonEmptyText;
};

export type Metrics = Record<string, number>;

export type MixtureInput = {
  kind: 'mixture';
  sha: Sha256;
  domain: Slug;
  /** Of the candidates’ features that it reads. */
  space: Sha256;
  featureSize: number;
  metrics: Metrics;
  /** Adapters in the order of the features. */
  basis: {
    name: Slug;
    adapter: Sha256;
  }[];
  prior: {
    mean: number[];
    /** Inverse covariance, K × K. */
    precision: number[][];
  };
  /** Calibration: what one log-ratio per token weighs in a vote (a preference weight is no mixture weight). */
  scale: number;
  /** Calibration: mixture weight of one unit of preference weight. */
  strength: number;
  /** Largest sum of absolute mixture weights that is served. */
  maxWeight: number;
};

export type Model = {
  id: Slug;
  object: 'model';
  created: number;
  owned_by: string;
};

export type ModelList = {
  object: 'list';
  data: Model[];
};

export type ModelStrength = {
  /** null = the base; other = imported outputs, callers’ own, and adapters that were judged least. */
  adapter: (Sha256 | 'other') | null;
  /** Bradley–Terry, against the mean of the listed models: log-odds. */
  strength: number;
  low: number;
  high: number;
  /** Votes that compare it with another model. */
  n: number;
};

export type MrDpoRecipe = {
  method: 'mrdpo';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of the cross-entropy of the prompt’s known answer, mean over its tokens. */
  ceWeight: number;
  /** Of one batch; after each the LoRA is merged and a fresh one begun. */
  rounds: number;
  /** Pairs are drawn anew from the current policy each round; otherwise the votes are used. */
  resample: boolean;
  /** Rank of what is published: all rounds together, cut to their largest directions. */
  mergedRank: number;
  judge: TinyJudge | RefusalJudge | HttpJudge;
  /** Answers drawn for a prompt. */
  samples: number;
  temperature: number;
  topP: number;
  maxTokens: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type NonEmptyText = string;

export type NotTrainableReason =
  | 'skip'
  | 'bothBad'
  | 'emptyCompletion'
  | 'equalTexts'
  | 'singleRating'
  | 'unsupportedKind'
  | 'noWrongStep'
  | 'equalRatings'
  | 'needsRanking'
  | 'needsSteps'
  | 'needsTopic'
  | 'needsAnswer'
  | 'needsPair'
  | 'needsText'
  | 'needsImages'
  | 'needsUser'
  | 'unreadableImage'
  | 'tooLong'
  | 'equalTokens'
  | 'untokenizable';

export type OfsDpoRecipe = {
  method: 'ofs-dpo';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  /** Weight of the fast-slow chasing term. */
  alpha: number;
  /** Slow learning rate / fast one. */
  slowRatio: number;
  /** Optimiser steps between two decisions on who is chased. */
  chasingInterval: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Origin = {
  role: 'live' | 'head' | 'fast' | 'base' | 'imported' | 'caller';
  adapter: Sha256 | null;
  model: Text | null;
  seed: number | null;
  temperature: number | null;
  topP: number | null;
  tokenIds: number[] | null;
  /** Log-probability of each token under the behaviour policy, nats. */
  logps: number[] | null;
};

export type OrpoRecipe = {
  method: 'orpo';
  /** Weight of the odds-ratio term beside SFT. */
  lambda: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Pair = {
  chosen: number;
  rejected: number;
  /** Probability that chosen is really preferred; a tie is 0.5. */
  p: number;
  /** The pairs of one preference sum to that preference’s weight. */
  weight: number;
};

export type PairChoice = {
  type: 'pair';
  chosen: RecordId;
  /** Position it was shown at, from 0. */
  position?: number | undefined;
};

export type PlaceBias = {
  /** Share of votes for the first of two places, less one half. */
  value: number;
  low: number;
  high: number;
  /** Votes between two of which it is known where the choice was shown. */
  n: number;
};

export type PpdRecipe = {
  method: 'ppd';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Most of a user’s other votes that stand for the user; which ones is drawn anew every time. */
  support: number;
  /** Share of examples that are trained as if nothing were known of the user. */
  userDropout: number;
  /** How sure it is beforehand that nothing of a user matters: the precision, in nats, of the prior over each number of the projection. More votes are needed to move it when it is larger. */
  priorPrecision: number;
  /** By which what a user says is multiplied when pictures are drawn: a posterior from few votes says too little. */
  strength: number;
  /** How loud a user is at most when pictures are drawn, as the root mean square of the embedding’s numbers, strength included: whoever is louder drowns the caption. */
  maxLoudness: number;
  /** Share of prompts that are trained as if nothing had been asked: guidance goes on working. */
  captionDropout: number;
  /** Times and noises that each picture is looked at with in one step. */
  noiseSamples: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  seed: number;
};

export type PpoRecipe = {
  method: 'ppo';
  rewardLearningRate: number;
  rewardEpochs: number;
  rewardMargin: number;
  klCoef: number;
  clip: number;
  valueClip: number;
  valueWeight: number;
  gamma: number;
  gaeLambda: number;
  innerEpochs: number;
  /** The reward of an answer that was cut before it ended. */
  missingEndReward: number;
  /** Answers drawn for a prompt. */
  rollouts: number;
  temperature: number;
  topP: number;
  maxTokens: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Preference = {
  /** Order of arrival; the cursor of exports. */
  seq: number;
  id: RecordId;
  domain: Slug;
  user: UserId | null;
  comparison: IdentifiedComparison;
  choice: Choice;
  reason: string | null;
  supersedes: RecordId | null;
  supersededBy: RecordId | null;
  confidence: number;
  weight: number;
  status: PreferenceStatus;
  notTrainable: NotTrainableReason | null;
  batch: RecordId | null;
  /** The adapter whose training consumed it. */
  adapter: Sha256 | null;
  createdAt: Timestamp;
};

export type PreferenceInput = {
  id: RecordId;
  comparison: RecordId | InlineComparison;
  choice: Choice;
  assignment?: string | undefined;
  /** With a secret key: whose vote it is. */
  user?: UserId | undefined;
  reason?: Text | undefined;
  /** The same person’s earlier vote that this one replaces. */
  supersedes?: RecordId | undefined;
  /** Probability that the choice is right, when the source knows it (soft label). */
  confidence?: number | undefined;
  /** With a secret key: how much the vote counts. */
  weight?: number | undefined;
  latencyMs?: number | undefined;
};

export type PreferencePage = {
  items: Preference[];
  next: number | null;
};

export type PreferenceReceipt = {
  id: RecordId;
  status: PreferenceStatus;
  notTrainable?: NotTrainableReason | undefined;
  /** True when this very vote had been stored before. */
  replayed: boolean;
};

export type PreferenceStatus =
  | 'waiting'
  | 'batched'
  | 'consumed'
  | 'heldOut'
  | 'notTrainable'
  | 'superseded'
  | 'quarantined';

export type Project = {
  id: Slug;
  name: string;
  allowedOrigins: string[];
  /** Refuse a vote by a user token or a public key that carries no valid assignment token. */
  requireAssignment: boolean;
  createdAt: Timestamp;
};

export type ProjectCreated = {
  project: Project;
  adminKey: string;
};

export type ProjectInput = {
  id: Slug;
  name?: NonEmptyText | undefined;
  allowedOrigins?: string[] | undefined;
  /** Refuse a vote by a user token or a public key that carries no valid assignment token. */
  requireAssignment?: boolean | undefined;
};

export type ProjectPatch = {
  name?: NonEmptyText | undefined;
  allowedOrigins?: string[] | undefined;
  requireAssignment?: boolean | undefined;
};

export type Promotion = {
  adapter: Sha256;
  force?: boolean | undefined;
  note?: Text | undefined;
};

export type Prompt = {
  messages?: Message[] | undefined;
  /** A plain prompt for a base without a chat template. */
  text?: NonEmptyText | undefined;
  /** What is held out together, when several prompts belong to one question. Default: the prompt. */
  group?: NonEmptyText | undefined;
  /** Sub-stream of the domain: COFS-DPO keeps an adapter for each. */
  topic?: NonEmptyText | undefined;
  /** A known right answer, for trainers and judges; people and models never see it. */
  answer?: NonEmptyText | undefined;
};

export type PublicSigningKey = {
  kid: Slug;
  algorithm: 'EdDSA';
  /** Ed25519 public key: base64url of the 32 raw bytes. */
  publicKey: string;
};

export type RankDpoRecipe = {
  method: 'rank-dpo';
  /** Strength of the pull to the reference. */
  beta: number;
  /** Share of prompts that are trained as if nothing had been asked: guidance goes on working. */
  captionDropout: number;
  /** Times and noises that each picture is looked at with in one step. */
  noiseSamples: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  seed: number;
};

export type RankingChoice = {
  type: 'ranking';
  /** Best first; candidates in one inner list are tied. Every candidate exactly once. */
  ranking: RecordId[][];
};

export type Rater = {
  user: UserId;
  votes: number;
  /** Pairs of outputs of theirs that others judged too. */
  checked: number;
  /** What the votes say of what others find: 1 all, 0 nothing, below 0 the opposite. null = not checked. */
  informedness: number | null;
  informednessLow: number | null;
  informednessHigh: number | null;
  position: PlaceBias | null;
  medianLatencyMs: number | null;
  suspicions: Suspicion[];
};

export type RaterReport = {
  domain: Slug;
  /** At most so many votes are looked at: the newest that decide something. */
  window: number;
  /** Those that were: no ties, no skips, none that a later vote replaced. */
  votes: number;
  people: number;
  /** Pairs of outputs that at least two people judged. */
  judgedTwice: number;
  /** Krippendorff’s α of those: 1 all agree, 0 chance. null = there are none. */
  alpha: number | null;
  alphaLow: number | null;
  alphaHigh: number | null;
  position: PlaceBias | null;
  /** Most votes first. */
  raters: Rater[];
  /** Strongest first; none before two models have met. */
  models: ModelStrength[];
};

export type RaterWeighting = 'off' | 'reliability';

export type RatingChoice = {
  type: 'rating';
  ratings: {
    candidate: RecordId;
    rating: number;
  }[];
};

export type RebirthRecipe = {
  method: 'rebirth';
  /** Share of the lessons that are the base’s own answers to `replayPrompts`: they keep its other skills. */
  replay: number;
  /** What the other skills are asked with. */
  replayPrompts: string[];
  /** Answers drawn for a prompt. */
  samples: number;
  temperature: number;
  topP: number;
  maxTokens: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Recipe =
  | DpoRecipe
  | OfsDpoRecipe
  | CofsDpoRecipe
  | CurryDpoRecipe
  | MrDpoRecipe
  | RebirthRecipe
  | AsftRecipe
  | OrpoRecipe
  | SftRecipe
  | LnDpoRecipe
  | EgidaRecipe
  | FlexDpoRecipe
  | SimPoRecipe
  | StepDpoRecipe
  | SrpoRecipe
  | PpoRecipe
  | DiffusionDpoRecipe
  | RankDpoRecipe
  | PpdRecipe;

/** UUIDv7 made by the sender, or h + 40 hex digits for imported rows. */
export type RecordId = string;

/** An answer that refuses, by its words, is safe; every other is not. */
export type RefusalJudge = {
  type: 'refusal';
};

export type Rollback = {
  /** null = the base model; absent = the one before. */
  adapter?: (Sha256 | null) | undefined;
  rewind?: boolean | undefined;
  note?: Text | undefined;
};

export type Sample = {
  /** What was asked: the last message, or the caption of a picture. */
  prompt: string;
  /** Of the base. */
  before: SampleAnswer;
  /** Of the live adapter, with the same seed; null = none is live. */
  now: SampleAnswer | null;
};

export type SampleAnswer = SampleText | SampleImage;

export type SampleImage = {
  type: 'image';
  sha256: Sha256;
  /** Where the picture is shown, without a key. */
  url: string;
};

export type SampleList = {
  /** The adapter that is served; null = the base. */
  live: Sha256 | null;
  /** Fewer than were asked for where fewer prompts are held out. */
  samples: Sample[];
};

export type SampleText = {
  type: 'text';
  text: string;
};

export type Scope = 'admin' | 'ingest' | 'train' | 'infer';

export type SentAsftRecipe = {
  method: 'asft';
  /** Weight of the alignment term beside SFT. */
  lambda?: number | undefined;
  /** Temper of the odds; 1 is the paper’s form. */
  beta?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentCofsDpoRecipe = {
  method: 'cofs-dpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  /** Weight of the fast-slow chasing term. */
  alpha?: number | undefined;
  /** Slow learning rate / fast one. */
  slowRatio?: number | undefined;
  /** Optimiser steps between two decisions on who is chased. */
  chasingInterval?: number | undefined;
  /** Votes of each topic that are kept to fit the weights of the combination on. */
  memory?: number | undefined;
  /** Steps of that fit. */
  fitSteps?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentCurryDpoRecipe = {
  method: 'curry-dpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  /** From the easiest pairs to the hardest. */
  stages?: number | undefined;
  /** What makes a pair easy: a large gap of ratings, or a large margin of the model at the start. */
  difficulty?: 'rating' | 'margin' | undefined;
  /** Each stage is pulled to where it started. */
  renewReference?: boolean | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentDiffusionDpoRecipe = {
  method: 'diffusion-dpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Share of prompts that are trained as if nothing had been asked: guidance goes on working. */
  captionDropout?: number | undefined;
  /** Times and noises that each picture is looked at with in one step. */
  noiseSamples?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  seed?: number | undefined;
};

export type SentDpoRecipe = {
  method: 'dpo';
  /** robust: unbiased where labelSmoothing is the share of votes that are turned around (below ½). */
  loss?: 'sigmoid' | 'ipo' | 'hinge' | 'robust' | undefined;
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentEgidaRecipe = {
  method: 'egida';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  judge?: (TinyJudge | RefusalJudge | SentHttpJudge) | undefined;
  maxPairs?: number | undefined;
  /** Answers drawn for a prompt. */
  samples?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentEncoderInput = SentSetEncoderInput | SentMixtureInput;

export type SentFlexDpoRecipe = {
  method: 'flex-dpo';
  /** β⁺: how strongly the chosen answer is raised. */
  betaChosen?: number | undefined;
  /** β⁻: how strongly the rejected answer is pushed down. */
  betaRejected?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentGateBounds = {
  /** Lower bound of the held-out preference accuracy (its value, not its interval). */
  minAccuracy?: number | undefined;
  /** Largest fall of the mean chosen log-probability per token, nats (the 3D alarm); of pictures the largest rise of the error on chosen ones, as a share of the base’s. */
  maxDisplacement?: number | undefined;
  /** KL to the base, nats per token, on sampled answers. */
  maxKl?: number | undefined;
  /** When an adapter fails its displacement gate, the batches after it are trained with these until one passes (Flex-DPO and the SFT term; recipe dpo). */
  mitigation?:
    | {
        sftWeight?: number | undefined;
        /** β⁻ / β⁺. */
        betaRejectedRatio?: number | undefined;
      }
    | undefined;
  /** Longest allowed ratio of mean answer length to the base, in either direction. */
  maxLengthRatio?: number | undefined;
};

export type SentHttpChecker = {
  type: 'http';
  /** Base of an OpenAI-compatible API. The runner takes its key from PREFLOOP_JUDGE_KEY. */
  url: string;
  model: string;
  timeoutSeconds?: number | undefined;
};

export type SentHttpJudge = {
  type: 'http';
  /** Base of an OpenAI-compatible API. The runner takes its key from PREFLOOP_JUDGE_KEY. */
  url: string;
  model: string;
  timeoutSeconds?: number | undefined;
};

export type SentIdentifiedCandidate = {
  id: RecordId;
  content: Content;
  origin?: SentOrigin | undefined;
  features?: FeatureList | undefined;
};

export type SentLnDpoRecipe = {
  method: 'ln-dpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentMixtureInput = {
  kind: 'mixture';
  sha: Sha256;
  domain: Slug;
  /** Of the candidates’ features that it reads. */
  space: Sha256;
  featureSize: number;
  metrics?: Metrics | undefined;
  /** Adapters in the order of the features. */
  basis: {
    name: Slug;
    adapter: Sha256;
  }[];
  prior: {
    mean: number[];
    /** Inverse covariance, K × K. */
    precision: number[][];
  };
  /** Calibration: what one log-ratio per token weighs in a vote (a preference weight is no mixture weight). */
  scale: number;
  /** Calibration: mixture weight of one unit of preference weight. */
  strength: number;
  /** Largest sum of absolute mixture weights that is served. */
  maxWeight: number;
};

export type SentMrDpoRecipe = {
  method: 'mrdpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of the cross-entropy of the prompt’s known answer, mean over its tokens. */
  ceWeight?: number | undefined;
  /** Of one batch; after each the LoRA is merged and a fresh one begun. */
  rounds?: number | undefined;
  /** Pairs are drawn anew from the current policy each round; otherwise the votes are used. */
  resample?: boolean | undefined;
  /** Rank of what is published: all rounds together, cut to their largest directions. */
  mergedRank?: number | undefined;
  judge?: (TinyJudge | RefusalJudge | SentHttpJudge) | undefined;
  /** Answers drawn for a prompt. */
  samples?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentOfsDpoRecipe = {
  method: 'ofs-dpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  /** Weight of the fast-slow chasing term. */
  alpha?: number | undefined;
  /** Slow learning rate / fast one. */
  slowRatio?: number | undefined;
  /** Optimiser steps between two decisions on who is chased. */
  chasingInterval?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentOrigin = {
  role: 'live' | 'head' | 'fast' | 'base' | 'imported' | 'caller';
  adapter?: (Sha256 | null) | undefined;
  model?: (Text | null) | undefined;
  seed?: (number | null) | undefined;
  temperature?: number | null | undefined;
  topP?: number | null | undefined;
  tokenIds?: (number[] | null) | undefined;
  /** Log-probability of each token under the behaviour policy, nats. */
  logps?: (number[] | null) | undefined;
};

export type SentOrpoRecipe = {
  method: 'orpo';
  /** Weight of the odds-ratio term beside SFT. */
  lambda?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentPpdRecipe = {
  method: 'ppd';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Most of a user’s other votes that stand for the user; which ones is drawn anew every time. */
  support?: number | undefined;
  /** Share of examples that are trained as if nothing were known of the user. */
  userDropout?: number | undefined;
  /** How sure it is beforehand that nothing of a user matters: the precision, in nats, of the prior over each number of the projection. More votes are needed to move it when it is larger. */
  priorPrecision?: number | undefined;
  /** By which what a user says is multiplied when pictures are drawn: a posterior from few votes says too little. */
  strength?: number | undefined;
  /** How loud a user is at most when pictures are drawn, as the root mean square of the embedding’s numbers, strength included: whoever is louder drowns the caption. */
  maxLoudness?: number | undefined;
  /** Share of prompts that are trained as if nothing had been asked: guidance goes on working. */
  captionDropout?: number | undefined;
  /** Times and noises that each picture is looked at with in one step. */
  noiseSamples?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  seed?: number | undefined;
};

export type SentPpoRecipe = {
  method: 'ppo';
  rewardLearningRate?: number | undefined;
  rewardEpochs?: number | undefined;
  rewardMargin?: number | undefined;
  klCoef?: number | undefined;
  clip?: number | undefined;
  valueClip?: number | undefined;
  valueWeight?: number | undefined;
  gamma?: number | undefined;
  gaeLambda?: number | undefined;
  innerEpochs?: number | undefined;
  /** The reward of an answer that was cut before it ended. */
  missingEndReward?: number | undefined;
  /** Answers drawn for a prompt. */
  rollouts?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentRankDpoRecipe = {
  method: 'rank-dpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  /** Share of prompts that are trained as if nothing had been asked: guidance goes on working. */
  captionDropout?: number | undefined;
  /** Times and noises that each picture is looked at with in one step. */
  noiseSamples?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  seed?: number | undefined;
};

export type SentRebirthRecipe = {
  method: 'rebirth';
  /** Share of the lessons that are the base’s own answers to `replayPrompts`: they keep its other skills. */
  replay?: number | undefined;
  /** What the other skills are asked with. */
  replayPrompts?: string[] | undefined;
  /** Answers drawn for a prompt. */
  samples?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentRecipe =
  | SentDpoRecipe
  | SentOfsDpoRecipe
  | SentCofsDpoRecipe
  | SentCurryDpoRecipe
  | SentMrDpoRecipe
  | SentRebirthRecipe
  | SentAsftRecipe
  | SentOrpoRecipe
  | SentSftRecipe
  | SentLnDpoRecipe
  | SentEgidaRecipe
  | SentFlexDpoRecipe
  | SentSimPoRecipe
  | SentStepDpoRecipe
  | SentSrpoRecipe
  | SentPpoRecipe
  | SentDiffusionDpoRecipe
  | SentRankDpoRecipe
  | SentPpdRecipe;

export type SentSetEncoderInput = {
  kind: 'set';
  sha: Sha256;
  domain: Slug;
  /** Of the candidates’ features that it reads. */
  space: Sha256;
  featureSize: number;
  metrics?: Metrics | undefined;
  /** N: tokens of an embedding. */
  tokens: number;
  /** U: numbers of a token. */
  width: number;
  /** The embedding without votes, N·U. */
  prior: number[];
  priorUncertainty: number;
  /** Reward functions that were among the users it was trained with, for blends. */
  rewards?:
    | {
        name: Slug;
        values: number[];
      }[]
    | undefined;
  files: AdapterFile[];
};

export type SentSftRecipe = {
  method: 'sft';
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentSimPoRecipe = {
  method: 'simpo';
  /** Scale of the mean log-probability; there is no reference. */
  beta?: number | undefined;
  /** Target margin γ, in units of β. */
  gammaBetaRatio?: number | undefined;
  loss?: 'sigmoid' | 'hinge' | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentSrpoRecipe = {
  method: 'srpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  /** Share of the improvement term; the rest is the joint term. */
  alpha?: number | undefined;
  labelSmoothing?: number | undefined;
  /** The user’s message that asks for a better answer than {draft} to {prompt}. */
  revision?: string | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SentStepDpoRecipe = {
  method: 'step-dpo';
  /** Strength of the pull to the reference. */
  beta?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight?: number | undefined;
  checker?: (TinyChecker | ArithmeticChecker | SentHttpChecker) | undefined;
  /** Continuations drawn from before a wrong step, to find right ones. */
  corrections?: number | undefined;
  /** Answers drawn for a prompt. */
  samples?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  /** LoRA rank r. */
  rank?: number | undefined;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha?: number | undefined;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets?: ('all-linear' | string[]) | undefined;
  learningRate?: number | undefined;
  weightDecay?: number | undefined;
  maxGradNorm?: number | undefined;
  /** Passes over one leased batch. */
  epochs?: number | undefined;
  /** Preferences per optimiser step. */
  microBatch?: number | undefined;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength?: number | undefined;
  seed?: number | undefined;
};

export type SetEncoderInput = {
  kind: 'set';
  sha: Sha256;
  domain: Slug;
  /** Of the candidates’ features that it reads. */
  space: Sha256;
  featureSize: number;
  metrics: Metrics;
  /** N: tokens of an embedding. */
  tokens: number;
  /** U: numbers of a token. */
  width: number;
  /** The embedding without votes, N·U. */
  prior: number[];
  priorUncertainty: number;
  /** Reward functions that were among the users it was trained with, for blends. */
  rewards: {
    name: Slug;
    values: number[];
  }[];
  files: AdapterFile[];
};

export type SftRecipe = {
  method: 'sft';
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

/** SHA-256 in lower-case hex. */
export type Sha256 = string;

export type SharedSigningKey = {
  kid: Slug;
  algorithm: 'HS256';
  /** Shared secret, 32 characters at least. */
  secret: NonEmptyText;
};

export type SigningKey = {
  kid: Slug;
  algorithm: 'HS256' | 'EdDSA';
  createdAt: Timestamp;
  revokedAt: Timestamp | null;
};

export type SigningKeyInput = SharedSigningKey | PublicSigningKey;

export type SigningKeyList = {
  items: SigningKey[];
};

export type SimPoRecipe = {
  method: 'simpo';
  /** Scale of the mean log-probability; there is no reference. */
  beta: number;
  /** Target margin γ, in units of β. */
  gammaBetaRatio: number;
  loss: 'sigmoid' | 'hinge';
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type SkipChoice = {
  type: 'skip';
};

/** Lower-case letters, digits and hyphens. */
export type Slug = string;

export type SrpoRecipe = {
  method: 'srpo';
  /** Strength of the pull to the reference. */
  beta: number;
  /** Share of the improvement term; the rest is the joint term. */
  alpha: number;
  labelSmoothing: number;
  /** The user’s message that asks for a better answer than {draft} to {prompt}. */
  revision: string;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type Stage = 'staged' | 'canary' | 'live' | 'retired';

export type StepDpoRecipe = {
  method: 'step-dpo';
  /** Strength of the pull to the reference. */
  beta: number;
  labelSmoothing: number;
  /** Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely. */
  sftWeight: number;
  checker: TinyChecker | ArithmeticChecker | HttpChecker;
  /** Continuations drawn from before a wrong step, to find right ones. */
  corrections: number;
  /** Answers drawn for a prompt. */
  samples: number;
  temperature: number;
  topP: number;
  maxTokens: number;
  /** LoRA rank r. */
  rank: number;
  /** LoRA scale is loraAlpha / rank. */
  loraAlpha: number;
  /** Modules that get an adapter: all linear layers of the trunk, or names. */
  targets: 'all-linear' | string[];
  learningRate: number;
  weightDecay: number;
  maxGradNorm: number;
  /** Passes over one leased batch. */
  epochs: number;
  /** Preferences per optimiser step. */
  microBatch: number;
  /** Tokens of prompt and completion together; longer rows are reported, not cut. */
  maxLength: number;
  seed: number;
};

export type StepMarkChoice = {
  type: 'stepMark';
  candidate: RecordId;
  /** From 0; null = all steps are right. */
  firstWrongStep: number | null;
};

export type StepsContent = {
  type: 'steps';
  steps: Text[];
};

export type SupportVote = {
  preference: RecordId;
  chosen: number[];
  rejected: number[];
  weight: number;
};

/** disagrees: others find something else; place: takes one place whatever is shown there; haste: faster than one can read; sameAnswer: orders the places the same way every time. */
export type Suspicion = 'disagrees' | 'place' | 'haste' | 'sameAnswer';

export type Text = string;

export type TextContent = {
  type: 'text';
  text: Text;
};

export type TieChoice = {
  type: 'tie';
};

/** Unix time, milliseconds, server clock. */
export type Timestamp = number;

/** Oracle of the built-in world. */
export type TinyChecker = {
  type: 'tiny';
};

/** Oracle of the built-in world. */
export type TinyJudge = {
  type: 'tiny';
};

export type TokenCredit = {
  token: string;
  id: number;
  /** β (log π − log π_ref) of this token, nats. */
  credit: number;
  logprob: number;
  reference_logprob: number;
};

export type TokenLogprob = {
  token: string;
  logprob: number;
  bytes: number[] | null;
  [name: string]: unknown;
};

export type UnusableReason = 'noOrder' | 'noFeatures' | 'otherSpace' | 'wrongLength' | 'notFinite' | 'overflow';

export type UnusableVote = {
  preference: RecordId;
  reason: UnusableReason;
};

/** Pseudonymous id of a person inside the project. */
export type UserId = string;

/** What answers a person who asks with a user token of their own, and does not say `personal: false`. */
export type UserRoute = {
  user: UserId;
  domain: Slug;
  /** The adapter that answers; null = the base, to which a mixture adds what it adds. */
  adapter: Sha256 | null;
  /** mixture: adapters are added to the base by the person’s own weights; embedding: the adapter is told whose taste it is; null = as for everybody. */
  personal: 'mixture' | 'embedding' | null;
  /** The user encoder that the taste was computed with. */
  encoder: Sha256 | null;
  /** Of the person, that the taste was computed from. */
  votes: number;
  /** The reasons, in sentences for people. */
  because: string[];
};

export type UserScope = 'collect' | 'infer';

export type UserToken = {
  token: string;
  expiresAt: Timestamp;
};

export type UserTokenInput = {
  user: UserId;
  /** What the token may do. A key grants collect with ingest, infer with infer; default: all it can. */
  scopes?: UserScope[] | undefined;
  expiresInSeconds?: number | undefined;
};

/** Every schema, as it is answered. */
export interface Answered {
  AdapterFile: AdapterFile;
  AdapterFileName: AdapterFileName;
  AdapterList: AdapterList;
  AdapterRecord: AdapterRecord;
  AliasHistory: AliasHistory;
  AliasMove: AliasMove;
  ArithmeticChecker: ArithmeticChecker;
  AsftRecipe: AsftRecipe;
  AssistantMessage: AssistantMessage;
  Batch: Batch;
  BatchList: BatchList;
  BatchState: BatchState;
  BatchWeights: BatchWeights;
  BothBadChoice: BothBadChoice;
  BulkResult: BulkResult;
  Candidate: Candidate;
  CandidateWithOrigin: CandidateWithOrigin;
  ChatChoice: ChatChoice;
  ChatCompletion: ChatCompletion;
  Choice: Choice;
  CofsDpoRecipe: CofsDpoRecipe;
  Comparison: Comparison;
  ComparisonKind: ComparisonKind;
  ComparisonRecord: ComparisonRecord;
  CompletionResult: CompletionResult;
  ConsoleSession: ConsoleSession;
  Content: Content;
  CreditResult: CreditResult;
  CurryDpoRecipe: CurryDpoRecipe;
  DiffusionDpoRecipe: DiffusionDpoRecipe;
  Domain: Domain;
  DomainList: DomainList;
  DomainLive: DomainLive;
  DomainStats: DomainStats;
  DpoRecipe: DpoRecipe;
  EgidaRecipe: EgidaRecipe;
  Embedding: Embedding;
  EncoderInput: EncoderInput;
  EncoderList: EncoderList;
  EncoderRecord: EncoderRecord;
  ErrorBody: ErrorBody;
  ErrorCode: ErrorCode;
  Example: Example;
  FeatureList: FeatureList;
  Features: Features;
  FileReceipt: FileReceipt;
  FlexDpoRecipe: FlexDpoRecipe;
  Gate: Gate;
  GateBounds: GateBounds;
  Health: Health;
  HeartbeatResult: HeartbeatResult;
  HeldOut: HeldOut;
  HttpChecker: HttpChecker;
  HttpJudge: HttpJudge;
  IdentifiedCandidate: IdentifiedCandidate;
  IdentifiedComparison: IdentifiedComparison;
  ImageContent: ImageContent;
  ImageData: ImageData;
  ImageReceipt: ImageReceipt;
  ImageResult: ImageResult;
  ItemResult: ItemResult;
  Key: Key;
  KeyCreated: KeyCreated;
  KeyList: KeyList;
  Lease: Lease;
  LnDpoRecipe: LnDpoRecipe;
  MediaType: MediaType;
  Message: Message;
  Metrics: Metrics;
  MixtureInput: MixtureInput;
  Model: Model;
  ModelList: ModelList;
  ModelStrength: ModelStrength;
  MrDpoRecipe: MrDpoRecipe;
  NonEmptyText: NonEmptyText;
  NotTrainableReason: NotTrainableReason;
  OfsDpoRecipe: OfsDpoRecipe;
  Origin: Origin;
  OrpoRecipe: OrpoRecipe;
  Pair: Pair;
  PairChoice: PairChoice;
  PlaceBias: PlaceBias;
  PpdRecipe: PpdRecipe;
  PpoRecipe: PpoRecipe;
  Preference: Preference;
  PreferencePage: PreferencePage;
  PreferenceReceipt: PreferenceReceipt;
  PreferenceStatus: PreferenceStatus;
  Project: Project;
  ProjectCreated: ProjectCreated;
  Prompt: Prompt;
  RankDpoRecipe: RankDpoRecipe;
  RankingChoice: RankingChoice;
  Rater: Rater;
  RaterReport: RaterReport;
  RaterWeighting: RaterWeighting;
  RatingChoice: RatingChoice;
  RebirthRecipe: RebirthRecipe;
  Recipe: Recipe;
  RecordId: RecordId;
  RefusalJudge: RefusalJudge;
  Sample: Sample;
  SampleAnswer: SampleAnswer;
  SampleImage: SampleImage;
  SampleList: SampleList;
  SampleText: SampleText;
  Scope: Scope;
  SetEncoderInput: SetEncoderInput;
  SftRecipe: SftRecipe;
  Sha256: Sha256;
  SigningKey: SigningKey;
  SigningKeyList: SigningKeyList;
  SimPoRecipe: SimPoRecipe;
  SkipChoice: SkipChoice;
  Slug: Slug;
  SrpoRecipe: SrpoRecipe;
  Stage: Stage;
  StepDpoRecipe: StepDpoRecipe;
  StepMarkChoice: StepMarkChoice;
  StepsContent: StepsContent;
  SupportVote: SupportVote;
  Suspicion: Suspicion;
  Text: Text;
  TextContent: TextContent;
  TieChoice: TieChoice;
  Timestamp: Timestamp;
  TinyChecker: TinyChecker;
  TinyJudge: TinyJudge;
  TokenCredit: TokenCredit;
  TokenLogprob: TokenLogprob;
  UnusableReason: UnusableReason;
  UnusableVote: UnusableVote;
  UserId: UserId;
  UserRoute: UserRoute;
  UserToken: UserToken;
}

/** Every schema, as it is sent: what has a default may be left out. */
export interface Sent {
  AdapterFile: AdapterFile;
  AdapterFileName: AdapterFileName;
  AdapterInput: AdapterInput;
  AdapterRegistration: AdapterRegistration;
  ArithmeticChecker: ArithmeticChecker;
  AsftRecipe: SentAsftRecipe;
  BatchState: BatchState;
  Blend: Blend;
  BlendPart: BlendPart;
  BothBadChoice: BothBadChoice;
  BulkPreferences: BulkPreferences;
  CandidateInput: CandidateInput;
  ChatRequest: ChatRequest;
  Choice: Choice;
  CofsDpoRecipe: SentCofsDpoRecipe;
  ComparisonKind: ComparisonKind;
  ComparisonRequest: ComparisonRequest;
  Completion: Completion;
  ConsoleSessionInput: ConsoleSessionInput;
  Content: Content;
  CreditRequest: CreditRequest;
  CurryDpoRecipe: SentCurryDpoRecipe;
  DiffusionDpoRecipe: SentDiffusionDpoRecipe;
  Dismissal: Dismissal;
  DomainInput: DomainInput;
  DomainPatch: DomainPatch;
  DpoRecipe: SentDpoRecipe;
  EgidaRecipe: SentEgidaRecipe;
  EncoderChoice: EncoderChoice;
  EncoderInput: SentEncoderInput;
  Failure: Failure;
  FeatureList: FeatureList;
  Features: Features;
  FlexDpoRecipe: SentFlexDpoRecipe;
  Gate: Gate;
  GateBounds: SentGateBounds;
  Heartbeat: Heartbeat;
  HttpChecker: SentHttpChecker;
  HttpJudge: SentHttpJudge;
  IdentifiedCandidate: SentIdentifiedCandidate;
  ImageContent: ImageContent;
  ImageRequest: ImageRequest;
  InlineComparison: InlineComparison;
  KeyInput: KeyInput;
  LeaseRequest: LeaseRequest;
  LnDpoRecipe: SentLnDpoRecipe;
  Message: Message;
  Metrics: Metrics;
  MixtureInput: SentMixtureInput;
  MrDpoRecipe: SentMrDpoRecipe;
  NonEmptyText: NonEmptyText;
  NotTrainableReason: NotTrainableReason;
  OfsDpoRecipe: SentOfsDpoRecipe;
  Origin: SentOrigin;
  OrpoRecipe: SentOrpoRecipe;
  PairChoice: PairChoice;
  PpdRecipe: SentPpdRecipe;
  PpoRecipe: SentPpoRecipe;
  PreferenceInput: PreferenceInput;
  ProjectInput: ProjectInput;
  ProjectPatch: ProjectPatch;
  Promotion: Promotion;
  Prompt: Prompt;
  PublicSigningKey: PublicSigningKey;
  RankDpoRecipe: SentRankDpoRecipe;
  RankingChoice: RankingChoice;
  RaterWeighting: RaterWeighting;
  RatingChoice: RatingChoice;
  RebirthRecipe: SentRebirthRecipe;
  Recipe: SentRecipe;
  RecordId: RecordId;
  RefusalJudge: RefusalJudge;
  Rollback: Rollback;
  Scope: Scope;
  SetEncoderInput: SentSetEncoderInput;
  SftRecipe: SentSftRecipe;
  Sha256: Sha256;
  SharedSigningKey: SharedSigningKey;
  SigningKeyInput: SigningKeyInput;
  SimPoRecipe: SentSimPoRecipe;
  SkipChoice: SkipChoice;
  Slug: Slug;
  SrpoRecipe: SentSrpoRecipe;
  StepDpoRecipe: SentStepDpoRecipe;
  StepMarkChoice: StepMarkChoice;
  StepsContent: StepsContent;
  Text: Text;
  TextContent: TextContent;
  TieChoice: TieChoice;
  TinyChecker: TinyChecker;
  TinyJudge: TinyJudge;
  UserId: UserId;
  UserScope: UserScope;
  UserTokenInput: UserTokenInput;
}

/** Every operation of the edge, by method and path. */
export interface Operations {
  /** Whether the edge and what it stands on are there */
  'GET /v1/health': {
    answer: Health;
  };
  /** Sign in to the console with an admin key, from the edge’s own page */
  'POST /console/session': {
    body: ConsoleSessionInput;
    answer: ConsoleSession;
  };
  /** Who is signed in to the console */
  'GET /console/session': {
    answer: ConsoleSession;
  };
  /** Sign out: the cookie is cleared */
  'DELETE /console/session': {
    answer: null;
  };
  /** A picture, for whoever knows its hash: no key is needed */
  'GET /v1/images/{project}/{sha256}': {
    path: {
      project: Slug;
      sha256: Sha256;
    };
    answer: ReadableStream<Uint8Array<ArrayBuffer>>;
  };
  /** Create a project; its first admin key is shown here and never again (root key) */
  'POST /v1/projects': {
    body: ProjectInput;
    answer: ProjectCreated;
  };
  /** The project of the key (admin) */
  'GET /v1/project': {
    answer: Project;
  };
  /** Change name, origins or whether votes need an assignment (admin) */
  'PATCH /v1/project': {
    body: ProjectPatch;
    answer: Project;
  };
  /** Create a key; its text is shown here and never again (admin) */
  'POST /v1/keys': {
    body: KeyInput;
    answer: KeyCreated;
  };
  /** All keys, without their texts (admin) */
  'GET /v1/keys': {
    answer: KeyList;
  };
  /** Revoke a key for good; it is refused everywhere within 5 seconds (admin) */
  'DELETE /v1/keys/{id}': {
    path: {
      id: string;
    };
    answer: Key;
  };
  /** Register a signing key; two live ones allow rotation (admin) */
  'POST /v1/signing-keys': {
    body: SigningKeyInput;
    answer: SigningKey;
  };
  /** All signing keys, without their material (admin) */
  'GET /v1/signing-keys': {
    answer: SigningKeyList;
  };
  /** Revoke a signing key; its tokens are refused everywhere within 5 seconds (admin) */
  'DELETE /v1/signing-keys/{kid}': {
    path: {
      kid: Slug;
    };
    answer: SigningKey;
  };
  /** Mint a token for one person: collect needs the scope ingest, infer the scope infer */
  'POST /v1/user-tokens': {
    body: UserTokenInput;
    answer: UserToken;
  };
  /** Create a domain; asking again with the same settings answers the domain (admin) */
  'POST /v1/domains': {
    body: DomainInput;
    answer: Domain;
  };
  /** All domains of the project (any secret key) */
  'GET /v1/domains': {
    answer: DomainList;
  };
  /** One domain, with its head and its live adapter (any secret key) */
  'GET /v1/domains/{domain}': {
    path: {
      domain: Slug;
    };
    answer: Domain;
  };
  /** Change settings; base model and split stay as they were made (admin) */
  'PATCH /v1/domains/{domain}': {
    path: {
      domain: Slug;
    };
    body: DomainPatch;
    answer: Domain;
  };
  /** Deal a comparison: of the caller’s candidates, or of answers the domain’s models give now */
  'POST /v1/comparisons': {
    body: ComparisonRequest;
    answer: Comparison;
  };
  /** A comparison with the origins of its candidates (any secret key) */
  'GET /v1/comparisons/{id}': {
    path: {
      id: RecordId;
    };
    answer: ComparisonRecord;
  };
  /** Vote (user token with collect, public key, or secret key with ingest) */
  'POST /v1/preferences': {
    body: PreferenceInput;
    answer: PreferenceReceipt;
  };
  /** Preferences with their comparisons: all in order of arrival (admin, ingest or train), or a user’s, newest first */
  'GET /v1/preferences': {
    query?:
      | {
          domain?: Slug | undefined;
          /** Whose votes; with `domain`. */
          user?: string | undefined;
          /** The `next` of the page before. */
          after?: number | null | undefined;
          limit?: number | undefined;
        }
      | undefined;
    answer: PreferencePage;
  };
  /** One preference, and what became of it (admin, ingest or train) */
  'GET /v1/preferences/{id}': {
    path: {
      id: RecordId;
    };
    answer: Preference;
  };
  /** Store up to 500 votes; a bad one never fails the others (ingest) */
  'POST /v1/preferences/bulk': {
    body: BulkPreferences;
    answer: BulkResult;
  };
  /** Lease a batch of training examples (train) */
  'POST /v1/batches/lease': {
    body: LeaseRequest;
    answer: Lease | null;
  };
  /** Renew a lease that has not expired (train) */
  'POST /v1/batches/{id}/heartbeat': {
    path: {
      id: RecordId;
    };
    body: Heartbeat;
    answer: HeartbeatResult;
  };
  /** Batches, newest first (any secret key) */
  'GET /v1/batches': {
    query?:
      | {
          domain?: Slug | undefined;
          state?: BatchState | undefined;
          limit?: number | undefined;
        }
      | undefined;
    answer: BatchList;
  };
  /** One batch (any secret key) */
  'GET /v1/batches/{id}': {
    path: {
      id: RecordId;
    };
    answer: Batch;
  };
  /** Examples that are never trained on, for gates and evaluation: the newest, oldest first (train) */
  'GET /v1/domains/{domain}/held-out': {
    path: {
      domain: Slug;
    };
    query?:
      | {
          limit?: number | undefined;
        }
      | undefined;
    answer: HeldOut;
  };
  /** Consume the batch and add the adapter it made, both or neither; said again, the first answer (train) */
  'POST /v1/batches/{id}/complete': {
    path: {
      id: RecordId;
    };
    body: Completion;
    answer: CompletionResult;
  };
  /** End a batch of which no member can be trained on (train) */
  'POST /v1/batches/{id}/dismiss': {
    path: {
      id: RecordId;
    };
    body: Dismissal;
    answer: Batch;
  };
  /** Give a batch back with the reason (train) */
  'POST /v1/batches/{id}/fail': {
    path: {
      id: RecordId;
    };
    body: Failure;
    answer: Batch;
  };
  /** Put a quarantined batch in line again, with all its attempts (admin) */
  'POST /v1/batches/{id}/requeue': {
    path: {
      id: RecordId;
    };
    answer: Batch;
  };
  /** Register a user encoder, after its files; it is run once before it is kept (train) */
  'POST /v1/encoders': {
    body: SentEncoderInput;
    answer: EncoderRecord;
  };
  /** User encoders, newest first (train or infer) */
  'GET /v1/encoders': {
    query?:
      | {
          domain?: Slug | undefined;
          limit?: number | undefined;
        }
      | undefined;
    answer: EncoderList;
  };
  /** One user encoder (train or infer) */
  'GET /v1/encoders/{sha}': {
    path: {
      sha: Sha256;
    };
    answer: EncoderRecord;
  };
  /** One file of a user encoder (train or infer) */
  'GET /v1/encoders/{sha}/files/{name}': {
    path: {
      sha: Sha256;
      name: AdapterFileName;
    };
    answer: ReadableStream<Uint8Array<ArrayBuffer>>;
  };
  /** Choose the user encoder that new embeddings of a domain come from, one of its own or none (admin or train) */
  'PUT /v1/domains/{domain}/encoder': {
    path: {
      domain: Slug;
    };
    body: EncoderChoice;
    answer: Domain;
  };
  /** A person’s taste in a domain, of the newest votes (the person’s own token, or an admin key) */
  'GET /v1/users/{user}/embedding': {
    path: {
      user: UserId;
    };
    query: {
      domain: Slug;
    };
    answer: Embedding;
  };
  /** What answers a person in a domain, and why (the person’s own token, or an admin key) */
  'GET /v1/users/{user}/route': {
    path: {
      user: UserId;
    };
    query: {
      domain: Slug;
    };
    answer: UserRoute;
  };
  /** A picture of the project (any secret key) */
  'GET /v1/images/{sha256}': {
    path: {
      sha256: Sha256;
    };
    answer: ReadableStream<Uint8Array<ArrayBuffer>>;
  };
  /** Upload a picture (user token with collect, or secret key with ingest) */
  'PUT /v1/images/{sha256}': {
    path: {
      sha256: Sha256;
    };
    body: Bytes;
    answer: ImageReceipt;
  };
  /** Pictures by the domain’s live adapter, for the user of the token (user token or secret key with infer) */
  'POST /v1/images/generations': {
    body: ImageRequest;
    answer: ImageResult;
  };
  /** Register an adapter that was made elsewhere, after its files; it is staged (train) */
  'POST /v1/adapters': {
    body: AdapterRegistration;
    answer: AdapterRecord;
  };
  /** Adapters, newest first, with their losses thinned to 200 (train or infer) */
  'GET /v1/adapters': {
    query?:
      | {
          domain?: Slug | undefined;
          limit?: number | undefined;
        }
      | undefined;
    answer: AdapterList;
  };
  /** One adapter (train or infer) */
  'GET /v1/adapters/{sha}': {
    path: {
      sha: Sha256;
    };
    answer: AdapterRecord;
  };
  /** One file of an adapter (train or infer) */
  'GET /v1/adapters/{sha}/files/{name}': {
    path: {
      sha: Sha256;
      name: AdapterFileName;
    };
    answer: ReadableStream<Uint8Array<ArrayBuffer>>;
  };
  /** Upload one file of an adapter; it is checked while it comes in (train) */
  'PUT /v1/adapters/files/{sha256}': {
    path: {
      sha256: Sha256;
    };
    query: {
      /** adapter_model.safetensors, adapter_config.json, pytorch_lora_weights.safetensors, user_attention.safetensors, encoder.onnx, encoder.safetensors, state.safetensors, state-2.safetensors, state-3.safetensors, state-4.safetensors, state-5.safetensors, state-6.safetensors, state-7.safetensors, state-8.safetensors, state-9.safetensors, state-10.safetensors, state-11.safetensors, state-12.safetensors */
      name: string;
    };
    body: Bytes;
    answer: FileReceipt;
  };
  /** Serve an adapter: it is loaded and probed, then the alias moves (admin) */
  'POST /v1/domains/{domain}/promote': {
    path: {
      domain: Slug;
    };
    body: Promotion;
    answer: AliasMove;
  };
  /** Serve what was live before; with rewind, also train on from there (admin) */
  'POST /v1/domains/{domain}/rollback': {
    path: {
      domain: Slug;
    };
    body: Rollback;
    answer: AliasMove;
  };
  /** Moves of the live alias (any secret key) */
  'GET /v1/domains/{domain}/moves': {
    path: {
      domain: Slug;
    };
    query?:
      | {
          limit?: number | undefined;
        }
      | undefined;
    answer: AliasHistory;
  };
  /** Votes, batches, adapters and moves of a domain (any secret key) */
  'GET /v1/domains/{domain}/stats': {
    path: {
      domain: Slug;
    };
    answer: DomainStats;
  };
  /** How a domain is right now, as server-sent events (any secret key) */
  'GET /v1/domains/{domain}/events': {
    path: {
      domain: Slug;
    };
    answer: DomainLive;
  };
  /** Agreement, position bias, reliability of each voter and strengths of models, by the newest votes (admin, ingest or train) */
  'GET /v1/domains/{domain}/raters': {
    path: {
      domain: Slug;
    };
    answer: RaterReport;
  };
  /** The newest held-out prompts, answered now by the base and by the live adapter with the same seed (train) */
  'GET /v1/domains/{domain}/samples': {
    path: {
      domain: Slug;
    };
    query?:
      | {
          count?: number | undefined;
        }
      | undefined;
    answer: SampleList;
  };
  /** An answer of the domain’s live adapter, or of the user’s own mixture; `model` is the domain (user token or secret key with infer) */
  'POST /v1/chat/completions': {
    body: ChatRequest;
    answer: ChatCompletion;
  };
  /** Credit of every token of an answer under the live adapter (user token or secret key with infer) */
  'POST /v1/credit': {
    body: CreditRequest;
    answer: CreditResult;
  };
  /** The domains that can be asked (user token or secret key with infer) */
  'GET /v1/models': {
    answer: ModelList;
  };
}

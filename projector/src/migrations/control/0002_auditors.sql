-- Who may read what through the views of the schema prorata, and which copy those stand on. Grants are of this
-- database, as its roles are: they do not follow from the log.
CREATE TABLE projector.auditor_grants (
  -- A login, or a role that logins are members of.
  grantee    text        PRIMARY KEY,
  -- 'application:llm', 'organization:acme', 'pricebook:…', 'tierpolicy:…', 'anchor:0'; '*': every stream.
  streams    text[]      NOT NULL,
  granted_by text        NOT NULL DEFAULT session_user,
  granted_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE projector.published_views (
  projection    text    PRIMARY KEY,
  generation    integer NOT NULL,
  -- Of the code that defined them.
  views_version integer NOT NULL
);

-- Streams whose rows the session's login may read: of the login, not of the role that it has taken on. Who owns
-- the tables, and may read them anyway, reads all.
CREATE VIEW projector.session_streams AS
SELECT unnest(g.streams) AS stream
FROM projector.auditor_grants AS g JOIN pg_roles AS r ON r.rolname = g.grantee
WHERE pg_has_role(session_user, r.oid, 'MEMBER')
UNION
SELECT '*' FROM pg_class AS c
WHERE c.oid = 'projector.auditor_grants'::regclass AND pg_has_role(session_user, c.relowner, 'MEMBER');

-- A transaction that keeps its first snapshot would find a copy that was filled meanwhile empty, or half full:
-- it is told to begin again, as after any other conflict.
CREATE FUNCTION projector.must_be_seen_live(of_projection text, of_generation integer) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM projector.generations AS g
  WHERE g.projection = of_projection AND g.generation = of_generation AND g.state IN ('live', 'former');
  IF FOUND THEN RETURN true; END IF;
  RAISE EXCEPTION 'The read models were rebuilt after this transaction had begun: begin it again.'
    USING ERRCODE = 'serialization_failure';
END $$;

CREATE SCHEMA IF NOT EXISTS prorata;

-- What an auditor's login reads, in place of what it read before.
CREATE OR REPLACE FUNCTION prorata.grant_auditor(login text, streams text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stream text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
    RAISE EXCEPTION 'There is no role %.', quote_ident(login) USING
      ERRCODE = 'undefined_object',
      HINT = format('CREATE ROLE %I LOGIN PASSWORD ''…'';', login);
  END IF;
  IF cardinality(streams) NOT BETWEEN 1 AND 1000 THEN
    RAISE EXCEPTION 'Name 1 to 1,000 streams, or ''*'' for all of them.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOREACH stream IN ARRAY streams LOOP
    IF stream IS NULL OR stream !~ '^([*]|(application|organization|pricebook|tierpolicy|anchor):[a-z0-9-]{1,63})$' THEN
      RAISE EXCEPTION '% is no stream.', coalesce(quote_literal(stream), 'NULL') USING
        ERRCODE = 'invalid_parameter_value',
        HINT = 'Such as application:llm, organization:acme, pricebook:usd-2026, tierpolicy:standard, anchor:0, or * for all.';
    END IF;
  END LOOP;
  EXECUTE format('GRANT prorata_auditor TO %I', login);
  INSERT INTO projector.auditor_grants AS g (grantee, streams) VALUES (login, grant_auditor.streams)
    ON CONFLICT (grantee) DO UPDATE
    SET streams = excluded.streams, granted_by = excluded.granted_by, granted_at = excluded.granted_at;
  -- A login may set them otherwise for itself; they keep a forgotten session from holding a former copy.
  BEGIN
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET default_transaction_read_only = on', login, current_database());
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET statement_timeout = ''15min''', login, current_database());
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET idle_in_transaction_session_timeout = ''5min''', login, current_database());
  EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'The time limits of % are left as they are: %', quote_ident(login), SQLERRM;
  END;
END $$;

-- Holds from the login's next statement on, whatever sessions it has.
CREATE OR REPLACE FUNCTION prorata.revoke_auditor(login text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM projector.auditor_grants WHERE grantee = login;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Nothing was granted to %.', quote_ident(login) USING ERRCODE = 'undefined_object';
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
    EXECUTE format('REVOKE prorata_auditor FROM %I', login);
    BEGIN
      EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET default_transaction_read_only', login, current_database());
      EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET statement_timeout', login, current_database());
      EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET idle_in_transaction_session_timeout', login, current_database());
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END IF;
END $$;

REVOKE ALL ON FUNCTION prorata.grant_auditor, prorata.revoke_auditor FROM PUBLIC;
